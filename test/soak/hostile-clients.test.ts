// Good reviews while another process floods the port; the long form is hostile-clients.soak.ts.
import { describeHostileClients } from './hostile-clients.ts';

describeHostileClients({ seconds: 10, scale: 0.25, holdsTimes: false });
