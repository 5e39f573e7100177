/** The API server is killed and comes back while pods are created; the long form is in test/soak. */
import { describeApiServerRestarts } from './api-server-restarts.ts';

describeApiServerRestarts({ restarts: 1 });
