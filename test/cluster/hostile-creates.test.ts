/** Pods are created while another process floods the port; the long form is test/soak/hostile-creates.soak.ts. */
import { describeHostileCreates } from './hostile-creates.ts';

describeHostileCreates({ seconds: 6, scale: 0.25, holdsTimes: false });
