/** A kube-proxy for the tests of the chart: listens on the addresses of Services, in front of their endpoints. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import type { KubernetesObject, ObjectList } from '../objects.ts';

const pollMs = 200;
/** From a change of an EndpointSlice to the first connection that goes by it: what kube-proxy takes in a large cluster. */
const lagMs = 1_000;

/** A running proxy. */
export type ServiceProxy = {
  /** How many endpoints connections to a Service go to now. */
  readonly endpointCount: (namespace: string, service: string) => number;
  readonly faults: readonly unknown[];
  readonly stop: () => Promise<void>;
};

/** A port of a pod. */
type Endpoint = { readonly podIp: string; readonly port: number };

/** One port of a Service. */
type Frontend = { readonly key: string; readonly address: string; readonly port: number; readonly portName: string };

type Service = KubernetesObject & {
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector?: object;
    readonly ports: readonly { readonly name?: string; readonly port: number }[];
  };
};

type EndpointSlice = KubernetesObject & {
  readonly endpoints:
    | readonly {
        readonly addresses: readonly [string, ...string[]];
        readonly conditions: { readonly ready?: boolean; readonly serving?: boolean };
      }[]
    | null;
  readonly ports: readonly { readonly name?: string; readonly port: number }[] | null;
};

/** Starts the proxy; `portOf` tells the port of this machine that a port of a pod is. */
export async function startServiceProxy(
  cluster: Cluster,
  portOf: (podIp: string, port: number) => number | undefined,
): Promise<ServiceProxy> {
  const endpoints = new Map<string, readonly Endpoint[]>();
  const servers = new Map<string, Server>();
  const sockets = new Set<Socket>();
  const faults: unknown[] = [];
  const ended = new AbortController();
  let connections = 0;

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true).once('close', () => sockets.delete(socket));
  };
  /** What is open stays where it is, as with kube-proxy. */
  const forward = (caller: Socket, key: string): void => {
    track(caller);
    const choice = endpoints.get(key) ?? [];
    connections += 1;
    const endpoint = choice[connections % choice.length];
    const port = endpoint && portOf(endpoint.podIp, endpoint.port);
    if (port === undefined) return void caller.on('error', () => undefined).resetAndDestroy();
    const replica = connect(port, '127.0.0.1');
    track(replica);
    caller.on('error', () => replica.destroy()).pipe(replica);
    replica.on('error', () => caller.resetAndDestroy()).pipe(caller);
    return undefined;
  };
  const listen = async ({ key, address, port }: Frontend): Promise<void> => {
    const server = createServer((caller) => forward(caller, key)).listen(port, address);
    servers.set(key, server);
    await once(server, 'listening');
  };

  const look = async (): Promise<void> => {
    const services = (await cluster.get<ObjectList<Service>>('/api/v1/services')).items;
    const slices = (await cluster.get<ObjectList<EndpointSlice>>('/apis/discovery.k8s.io/v1/endpointslices')).items;
    const frontends = services.flatMap(frontendsOf);
    const present = new Set(frontends.map(({ key }) => key));
    for (const [key, server] of servers) if (!present.has(key) && servers.delete(key)) server.close();
    for (const frontend of frontends) if (!servers.has(frontend.key)) await listen(frontend);
    const found = new Map(frontends.map(({ key, portName }) => [key, endpointsOf(slices, key, portName)]));
    setTimeout(() => {
      for (const [key, choice] of found) endpoints.set(key, choice);
    }, lagMs);
  };
  const looking = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await look().catch((fault: unknown) => faults.push(fault));
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();

  return {
    endpointCount: (namespace, service) => {
      const keys = [...servers.keys()].filter((key) => key.startsWith(`${namespace}/${service} `));
      return Math.max(0, ...keys.map((key) => endpoints.get(key)?.length ?? 0));
    },
    faults,
    async stop() {
      ended.abort();
      await looking;
      for (const server of servers.values()) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Services with a selector; that of the API server itself has none. */
function frontendsOf({ metadata: { namespace = '', name }, spec }: Service): Frontend[] {
  const { clusterIP: address = 'None', selector, ports } = spec;
  if (selector === undefined || address === 'None') return [];
  return ports.map(({ name: portName = '', port }) => ({
    key: `${namespace}/${name} ${address}:${String(port)}`,
    address,
    port,
    portName,
  }));
}

/** Those that are ready, or else those that still serve while they end. */
function endpointsOf(slices: readonly EndpointSlice[], key: string, portName: string): Endpoint[] {
  const [namespace, service] = key.slice(0, key.indexOf(' ')).split('/');
  const all = slices
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
    .flatMap(({ endpoints, ports }) =>
      (endpoints ?? []).map(({ addresses: [podIp], conditions: { ready = true, serving = ready } }) => ({
        podIp,
        port: ports?.find(({ name = '' }) => name === portName)?.port ?? 0,
        ready,
        serving,
      })),
    );
  const ready = all.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : all.filter((endpoint) => endpoint.serving);
}
