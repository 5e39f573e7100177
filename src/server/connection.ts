// One open connection, as a port remembers it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Why a connection was closed: it was idle, or its call's body does not come, or its answer is not read. */
export type ShedReason = 'idle' | 'slow';

/** What is known of a connection; times are those of a clock that only goes forward. */
export type Connection = {
  /** The upper one, once there is TLS. */
  socket: Socket;
  readonly accepted: Socket;
  /** Of those that are open; nearly always one at most. */
  readonly calls: ServerResponse[];
  /** Cuts it while its handshake lasts. */
  readonly deadline: NodeJS.Timeout | undefined;
  /** Its caller has said what begins a handshake, and waits for us. */
  isKeptWaiting: boolean;
  lastCall: IncomingMessage | undefined;
  /** Since when it is as it is: without a call, or with one. */
  sinceMs: number;
  /** Whether it ends with its next answer. */
  isEnding: boolean;
  bytesSeen: number;
  /** How often its answer, whole on our side, was found not to have left. */
  unreadLooks: number;
};

/** Cuts it, whatever is on its way. */
export function destroyConnection({ socket, accepted }: Connection): void {
  socket.destroy();
  accepted.destroy();
}
