// Starts the process that floods a port.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { projectFolder } from '../program.ts';

/** What is flooded, for how long, and with which part of the connections. */
export type FloodOptions = { readonly port: number; readonly seconds: number; readonly scale: number };

/** A flood that has begun. */
export type Flooding = {
  /** Resolves at its end with how many connections of each kind it has opened, for people; rejects where it failed. */
  readonly opened: () => Promise<string>;
  readonly stop: () => void;
};

/** Starts the flood. */
export function startFlood({ port, seconds, scale }: FloodOptions): Flooding {
  const script = join(projectFolder, 'test/soak/flood.ts');
  const args = [port, seconds, scale].map(String);
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Hostile callers have machines of their own: here they must not take the processor from the callers that mean well.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const ended = once(child, 'exit');
  const output = text(child.stdout);
  return {
    opened: async () => {
      assert.deepEqual(await ended, [0, null]);
      return (await output).trim();
    },
    stop: () => child.kill('SIGKILL'),
  };
}
