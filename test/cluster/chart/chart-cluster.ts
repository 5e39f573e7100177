/** A control plane of its own for the tests of the chart, with a node that runs the program, Services that lead to it, and Helm. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { needTool } from '../../tools/find-tool.ts';
import type { Cluster } from '../cluster.ts';
import { needOwnControlPlane } from '../own-control-plane.ts';
import { openCluster } from '../open-cluster.ts';
import { waitFor } from '../wait-for.ts';
import { createHelm, type Helm } from './helm.ts';
import { type ServiceProxy, startServiceProxy } from './service-proxy.ts';
import { startTestKubelet, type TestKubelet } from './test-kubelet.ts';

/** The name of the release, of its namespace and of its account, as the documents have it. */
export const release = 'irsa-webhook';
/** Whom the API server takes the webhook for. */
export const webhookUser = `system:serviceaccount:${release}:${release}`;
/** The image that the chart names unless it is told otherwise, without its tag. */
const image = 'ghcr.io/irsa-webhook/irsa-webhook';
/** Of the range of Services; the last one is given to none as long as others are free. */
const someServiceAddress = '127.200.0.254';
const servedTimeoutMs = 30_000;

/** What the tests of the chart use. */
export type ChartCluster = {
  readonly cluster: Cluster;
  readonly kubelet: TestKubelet;
  readonly proxy: ServiceProxy;
  readonly helm: Helm;
  readonly stop: () => Promise<void>;
};

/** Opens it for the tests of a suite, which are skipped where it cannot be had. */
export async function openChartCluster(context: Mocha.Context): Promise<ChartCluster> {
  // On someone's cluster a chart has real nodes, and takes real names.
  needOwnControlPlane(context);
  const helmPath = needTool(context, 'helm', process.env);
  await needPort443(context);
  const { KUBECONFIG: _someonesCluster, ...environment } = process.env;
  const cluster = await openCluster(environment, { auditedUsers: [webhookUser] });
  const kubelet = await startTestKubelet(cluster, image);
  const proxy = await startServiceProxy(cluster, kubelet.portOf);
  return {
    cluster,
    kubelet,
    proxy,
    helm: createHelm(helmPath, cluster),
    async stop() {
      await proxy.stop();
      await kubelet.stop();
      await cluster.cleanUp();
    },
  };
}

/** Waits until the release is served: `helm --wait` ends when replicas are ready, which Services learn a little later. */
export async function waitUntilServed({ proxy }: ChartCluster): Promise<void> {
  const isServed = (): true | undefined => proxy.endpointCount(release, release) > 0 || undefined;
  await waitFor('a replica behind the Service', isServed, servedTimeoutMs);
}

/** The chart's Service has it, and not everybody may listen on it. */
async function needPort443(context: Mocha.Context): Promise<void> {
  const server = createServer().listen(443, someServiceAddress);
  try {
    await once(server, 'listening');
  } catch (error) {
    const how = 'sudo sysctl net.ipv4.ip_unprivileged_port_start=443';
    const reason = `port 443 of ${someServiceAddress} is not to be had (${String(error)}): run as root, or \`${how}\``;
    if (process.env['CI'] === 'true') throw new Error(reason, { cause: error });
    process.stdout.write(`Skipped: ${reason}\n`);
    context.skip();
  }
  server.close();
}
