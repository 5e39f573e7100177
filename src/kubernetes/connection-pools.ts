// Keeps the connections to one API server, as its TLS options of now say.

import http from 'node:http';
import https from 'node:https';
import type { Connection, TlsOptions } from './connection.ts';

/** Of a pool that keeps them. Far above what runs at once (live reads are coalesced), far below what an API server minds. */
const maxKeptSockets = 32;

/** First TCP keep-alive probe on a silent connection; client-go's HTTP/2 sends its ping after 30 s. */
const tcpKeepAliveMs = 15_000;

/**
 * A watch holds its connection for minutes, so streams have a pool of their own: reads never wait for one. Each call of
 * `fresh` has a connection that nobody used before it, nor will after it, and waits for none.
 */
export type PoolName = 'reads' | 'streams' | 'fresh';

/** All connections to one API server. */
export type ConnectionPools = {
  /** Returns the agent of a pool. New TLS options get new ones; the calls of the old ones end in peace. */
  agentOf(pool: PoolName): http.Agent;
  /** Lets calls end, those that wait for a connection too, and closes each connection after its last one. */
  drain(): void;
};

type Pools = Readonly<Record<PoolName, http.Agent>> & { readonly tls: TlsOptions };

/** Returns pools without a connection yet. */
export function createConnectionPools(connection: Connection): ConnectionPools {
  const client = connection.origin.protocol === 'https:' ? https : http;
  let current: Pools | undefined;

  const drain = () => {
    if (current === undefined) return;
    for (const agent of [current.reads, current.streams]) {
      keepNone(agent);
      closeIdleSockets(agent);
    }
  };

  return {
    agentOf(pool) {
      const tls = connection.tls();
      if (current?.tls !== tls) {
        drain();
        // Without a limit: a call that waited for a place would get the connection that another one left.
        const fresh = createAgent(client, tls, Number.POSITIVE_INFINITY);
        keepNone(fresh);
        const [reads, streams] = [createAgent(client, tls, maxKeptSockets), createAgent(client, tls, maxKeptSockets)];
        current = { tls, reads, streams, fresh };
      }
      return current[pool];
    },
    drain,
  };
}

/** Closes an agent's connections that carry no call. */
export function closeIdleSockets(agent: http.Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

/** Lets an agent close each connection after its call. Its constructor takes a 0 for the default. */
function keepNone(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
}

function createAgent(client: typeof http | typeof https, tls: TlsOptions, maxSockets: number): http.Agent {
  // Said out loud, or NODE_TLS_REJECT_UNAUTHORIZED=0 would switch verification off.
  const options = { keepAlive: true, keepAliveMsecs: tcpKeepAliveMs, maxSockets, rejectUnauthorized: true, ...tls };
  const agent = new client.Agent(options);
  // All its connections lead to one origin. Node would join all TLS options, certificates too, into a name for each call.
  agent.getName = () => 'api-server';
  return agent;
}
