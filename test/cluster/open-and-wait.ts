/** A program for the guard's tests: opens the cluster, prints what it started as one line of JSON, and waits to be killed. */
import { openCluster } from './open-cluster.ts';

/** A run whose test forgot to kill it ends by itself, and its guard cleans up. */
const longestWaitMs = 120_000;

const cluster = await openCluster(process.env);
const namespace = await cluster.createNamespace();
const { controlPlane, directory } = cluster;
process.stdout.write(`${JSON.stringify({ directory, namespace, pids: [...(controlPlane?.pids.values() ?? [])] })}\n`);
setTimeout(() => process.exit(1), longestWaitMs);
