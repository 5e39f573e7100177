// Shows what the replica knows, to whoever is on the same machine or forwards a port.
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AddRoutes } from './app.ts';
import { refuseMethod, sendRefusal } from './status.ts';

/** Returns all that is known as JSON, in pieces. */
export type DescribeCache = () => Iterable<string>;

/** The Go webhook's path (its main.go). */
const path = '/debug/alpha/cache';
/** Pieces that are written in one turn of the event loop: some milliseconds, between which reviews are answered. */
const piecesATurn = 500;

/**
 * Returns the route GET /debug/alpha/cache (`--enable-debugging-handlers`). It only reads, and answers callers from
 * loopback only: roles of all accounts are nothing for every pod of a cluster. `kubectl port-forward` comes from there.
 */
export function createDebugRoute(describeCache: DescribeCache): AddRoutes {
  return (router) => {
    router
      .route(path)
      .all((request, response, next) => {
        // The header keeps out a page in a browser on this machine, whose name was made to lead here.
        if (isLoopback(request.socket.remoteAddress ?? '') && namesLoopback(request.headers.host ?? '')) next();
        else {
          const message = `${path} answers callers on the same machine only; use kubectl port-forward`;
          sendRefusal(response, { statusCode: 403, code: 'ERR_NOT_LOOPBACK', message });
        }
      })
      .get(async (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        if (response.req.method === 'HEAD') response.end();
        else await sendPieces(response, describeCache());
      })
      .all((_request, response) => {
        sendRefusal(response, refuseMethod(response, path, ['GET', 'HEAD']));
      });
  };
}

async function sendPieces(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  let batch: string[] = [];
  for (const piece of pieces) {
    batch.push(piece);
    if (batch.length < piecesATurn) continue;
    const isTaken = response.write(batch.join(''));
    batch = [];
    // A caller that does not read would otherwise fill the memory.
    if (!isTaken) await drained(response);
    else await nextTurn();
    if (response.destroyed) return;
  }
  response.end(batch.join(''));
}

async function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve).once('close', resolve);
  });
}

function namesLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}

/** 127.0.0.0/8, ::1, and the former as an IPv6 socket sees them. */
function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}
