// The API server is killed five times while pods are created.
import { describeApiServerRestarts } from '../cluster/api-server-restarts.ts';

describeApiServerRestarts({ restarts: 5 });
