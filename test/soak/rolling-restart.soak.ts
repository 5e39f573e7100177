// Replicas that are replaced for five minutes while 50 pods a second are created, with the usual delay.
import { describeRollingRestart } from '../cluster/rolling-restart.ts';

describeRollingRestart({ seconds: 300, shutdownDelay: '15s' });
