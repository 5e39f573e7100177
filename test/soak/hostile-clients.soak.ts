// Good reviews while another process floods the port for a minute, and again for half of one.
import { describeHostileClients } from './hostile-clients.ts';

describeHostileClients({ seconds: 60, scale: 1, holdsTimes: true });
