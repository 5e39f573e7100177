/** The one node of the cluster, as its kubelet registers it and keeps it alive. */
import type { Cluster } from '../cluster.ts';

/** Its name. */
export const nodeName = 'test-node';

/** A node without a sign of life for 50 s is taken for lost, and its pods for not ready. */
const heartbeatMs = 10_000;

/** Registers the node; the API server reads logs from `logsPort` of loopback. Returns what stops its heartbeats. */
export async function registerNode(
  cluster: Cluster,
  logsPort: number,
  onFault: (fault: unknown) => void,
): Promise<() => void> {
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'topology.kubernetes.io/zone': 'test-zone',
  };
  await cluster.create('/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels },
    status: statusOf(logsPort),
  });
  const beat = async (): Promise<void> => {
    await cluster.request('PATCH', `/api/v1/nodes/${nodeName}/status`, { status: statusOf(logsPort) });
  };
  const timer = setInterval(() => void beat().catch(onFault), heartbeatMs);
  return () => clearInterval(timer);
}

function statusOf(logsPort: number): object {
  const time = new Date().toISOString();
  const resources = { cpu: '8', memory: '16Gi', pods: '110', 'ephemeral-storage': '50Gi' };
  return {
    capacity: resources,
    allocatable: resources,
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: logsPort } },
    conditions: [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: time, lastTransitionTime: time },
    ],
  };
}
