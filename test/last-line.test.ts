// The log at the end of the process: whoever got an answer finds its line, however the built program ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { asObject } from '../src/identity/json.ts';
import { createReview } from './admission/reviews.ts';
import { eventually } from './kubernetes/eventually.ts';
import { type Scope, useScope } from './kubernetes/scope.ts';
import { portsOf, type Program, startProgram } from './program.ts';

/** Loaded before the program, since nothing of its own throws when it is asked to. */
const saboteur = `
process.on('SIGUSR2', () => { throw new Error('planted'); });
process.on('SIGHUP', () => { Promise.reject(new Error('planted')); });
process.on('SIGCONT', () => { process.exit(3); });
`;

const endings: readonly {
  readonly name: string;
  readonly signal: NodeJS.Signals;
  readonly status: number;
  /** What stands behind the lines of reviews. */
  readonly end: RegExp;
}[] = [
  { name: 'SIGTERM', signal: 'SIGTERM', status: 0, end: /"message":"stopping"\}\n\{[^\n]*"message":"stopped"\}\n$/ },
  { name: 'an exception that nobody catches', signal: 'SIGUSR2', status: 1, end: /^Error: planted\n +at /m },
  { name: 'a rejection that nobody handles', signal: 'SIGHUP', status: 1, end: /^Error: planted\n +at /m },
  { name: 'process.exit()', signal: 'SIGCONT', status: 3, end: /"message":"review"\}\n$/ },
];

/** Starts the program, which ends by the signals of the saboteur, too. */
async function startDoomed(scope: Scope): Promise<Program & { readonly port: number }> {
  const file = join(await scope.folder(), 'saboteur.mjs');
  await writeFile(file, saboteur);
  const args = [
    '--self-signed',
    '--service-accounts',
    'manifests/examples',
    '--port=0',
    '--metrics-port=0',
    '--shutdown-delay=0',
  ];
  const program = startProgram(scope, args, { environment: { NODE_OPTIONS: `--import=${file}` } });
  const { port } = await portsOf(program);
  return { ...program, port };
}

/** Returns the status of the answer to a review, once all of it is here. */
async function post(port: number, agent: https.Agent, uid: string): Promise<number | undefined> {
  const headers = { 'Content-Type': 'application/json' };
  const sent = https.request({ host: '127.0.0.1', port, path: '/mutate', method: 'POST', headers, agent });
  sent.end(JSON.stringify(createReview({ uid })));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  await text(response);
  return response.statusCode;
}

/** Whose line is in the log; fails where a line is not whole. */
function loggedUids(errors: string): Set<unknown> {
  const lines = errors.split('\n').filter((line) => line.startsWith('{'));
  return new Set(lines.map((line) => asObject(JSON.parse(line))?.['uid']));
}

describe('the last lines of the log', function () {
  this.timeout(60_000);
  const scope = useScope();
  for (const { name, signal, status, end } of endings) {
    it(`a review just before ${name}: its line is written`, async () => {
      const { child, port, ended, errors } = await startDoomed(scope);
      const agent = new https.Agent({ rejectUnauthorized: false });
      assert.equal(await post(port, agent, 'the-last'), 200);
      child.kill(signal);
      assert.deepEqual(await ended, [status, null]);
      assert.ok(loggedUids(errors()).has('the-last'), errors());
      assert.match(errors(), end);
    });

    it(`a flood of reviews when ${name} comes: each that was answered has its line`, async () => {
      const { child, port, ended, errors } = await startDoomed(scope);
      const agent = new https.Agent({ keepAlive: true, maxSockets: 16, rejectUnauthorized: false });
      scope.onEnd(() => {
        agent.destroy();
      });
      const answered: string[] = [];
      const reviews = Array.from({ length: 3_000 }, async (_, index) => {
        const uid = `review-${String(index)}`;
        if ((await post(port, agent, uid).catch(() => 0)) === 200) answered.push(uid);
      });
      await eventually('a thousand answers', () => answered.length >= 1_000);
      child.kill(signal);
      assert.equal((await ended)[0], status);
      await Promise.all(reviews);
      const logged = loggedUids(errors());
      assert.deepEqual(
        answered.filter((uid) => !logged.has(uid)),
        [],
      );
    });
  }
});
