/** A TCP balancer in front of replicas: what a Service is, with an end of readiness that takes its time to arrive. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A replica as the balancer sees it. */
export type Replica = {
  readonly port: number;
  /** What a kubelet's probe of /readyz finds; one that rejects is not ready. */
  readonly isReady: () => Promise<boolean>;
};

/** How late the balancer is. */
export type BalancerTimes = {
  /** Between two probes of a replica, as periodSeconds. */
  readonly probeMs: number;
  /** From a probe that found another answer to the first connection that goes by it, as endpoints take through a cluster. */
  readonly spreadMs: number;
};

/** A running balancer. */
export type Balancer = {
  readonly port: number;
  /** Starts to probe a replica; it gets connections once it is ready. */
  readonly add: (replica: Replica) => void;
  /** Stops to probe it; what is open goes on. */
  readonly remove: (replica: Replica) => void;
  readonly readyCount: () => number;
  /** How many connections each replica was given, by its port. */
  readonly connections: () => ReadonlyMap<number, number>;
  readonly stop: () => Promise<void>;
};

/** Starts a balancer on a free port of loopback; each new connection goes to the next of the ready replicas. */
export async function startBalancer({ probeMs, spreadMs }: BalancerTimes): Promise<Balancer> {
  const ready: Replica[] = [];
  const probes = new Map<Replica, NodeJS.Timeout>();
  const sockets = new Set<Socket>();
  const connections = new Map<number, number>();
  let next = 0;

  const setReady = (replica: Replica, isReady: boolean): void => {
    const index = ready.indexOf(replica);
    if (isReady && index === -1 && probes.has(replica)) ready.push(replica);
    else if (!isReady && index !== -1) ready.splice(index, 1);
  };
  const probe = async (replica: Replica): Promise<void> => {
    const isReady = await replica.isReady().catch(() => false);
    if (isReady) setReady(replica, true);
    else setTimeout(setReady, spreadMs, replica, false);
  };
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    track(caller);
    const replica = ready[next % ready.length];
    next += 1;
    if (replica === undefined) {
      caller.destroy();
      return;
    }
    connections.set(replica.port, (connections.get(replica.port) ?? 0) + 1);
    const callee = track(connect({ port: replica.port, host: '127.0.0.1', allowHalfOpen: true }));
    caller.pipe(callee).pipe(caller);
    // A reset goes through as one.
    caller.once('close', () => callee.destroy());
    callee.once('close', () => caller.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address, got none.');
  return {
    port: address.port,
    add: (replica) => {
      probes.set(
        replica,
        setInterval(() => void probe(replica), probeMs),
      );
      void probe(replica);
    },
    remove: (replica) => {
      clearInterval(probes.get(replica));
      probes.delete(replica);
      setReady(replica, false);
    },
    readyCount: () => ready.length,
    connections: () => connections,
    stop: async () => {
      for (const timer of probes.values()) clearInterval(timer);
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
