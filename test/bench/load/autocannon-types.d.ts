// The part of autocannon 9 that is used here; the package has no types of its own.
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  export type AutocannonRequest = {
    readonly body: string;
    readonly onResponse: (status: number, body: string) => void;
  };

  export type AutocannonClient = { readonly setRequests: (requests: AutocannonRequest[]) => void };

  export type AutocannonOptions = {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly connections: number;
    /** Requests of all connections together. */
    readonly amount: number;
    /** Ends the run at so many errors. */
    readonly bailout: number;
    readonly setupClient: (client: AutocannonClient) => void;
  };

  export type AutocannonResult = {
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
    readonly '2xx': number;
  };

  /** Emits `response` with client, status, bytes and milliseconds. */
  export default function autocannon(options: AutocannonOptions): EventEmitter & PromiseLike<AutocannonResult>;
}
