/** Replicas that are replaced while pods are created; the long form is in test/soak. */
import { describeRollingRestart } from './rolling-restart.ts';

describeRollingRestart({ seconds: 20, shutdownDelay: '4s' });
