/** A TCP balancer: one port in front of several replicas, as a Service is. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A running balancer. */
export type PortBalancer = {
  readonly port: number;
  /** New connections go to these ports in turn from now on; those that there are stay. */
  readonly use: (ports: readonly number[]) => void;
  readonly connectionCount: () => number;
  /** Closes everything at once. */
  readonly stop: () => Promise<void>;
};

/** Starts a balancer on a free port of loopback. Without a replica it resets what comes. */
export async function startPortBalancer(): Promise<PortBalancer> {
  let ports: readonly number[] = [];
  let connectionCount = 0;
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true).once('close', () => sockets.delete(socket));
  };
  const server = createServer((caller) => {
    track(caller);
    const port = ports[connectionCount % ports.length];
    connectionCount += 1;
    if (port === undefined) return caller.resetAndDestroy();
    const replica = connect(port, '127.0.0.1');
    track(replica);
    caller.on('error', () => replica.destroy()).pipe(replica);
    replica.on('error', () => caller.resetAndDestroy()).pipe(caller);
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address, got none.');
  return {
    port: address.port,
    use: (next) => {
      ports = next;
    },
    connectionCount: () => connectionCount,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
