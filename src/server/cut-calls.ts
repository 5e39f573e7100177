// Makes it cheap to cut a connection that has many open calls.
import type { Socket } from 'node:net';

/**
 * Node ends each call of a connection that closes with an error, and has V8 write the stack of each (abortIncoming of
 * lib/_http_server.js, checkError of lib/internal/streams/destroy.js): 0.2 ms a call, though all of them say the same. Who
 * sends a hundred calls ahead would make everybody else wait for 20 ms. So those have none. To be called when Node's own
 * listeners are there: these are the first and the last.
 */
export function leaveOutStacks(socket: Socket): void {
  let usual = Error.stackTraceLimit;
  socket.prependListener('close', () => {
    usual = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
  });
  socket.on('close', () => {
    Error.stackTraceLimit = usual;
  });
}
