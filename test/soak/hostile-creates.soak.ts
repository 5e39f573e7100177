// Pods are created while another process floods the port of the webhook for a minute.
import { describeHostileCreates } from '../cluster/hostile-creates.ts';

describeHostileCreates({ seconds: 60, scale: 1, holdsTimes: true });
