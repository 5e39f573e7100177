// A reader of standard error that stalls must not stop reviews.
import assert from 'node:assert/strict';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createReview } from './admission/reviews.ts';
import { useScope } from './kubernetes/scope.ts';
import { portsOf, startProgram } from './program.ts';

/** Each makes a line of some 200 bytes; a pipe holds 64 KiB. */
const reviewCount = 1_500;

describe('the program, while nobody reads its log', () => {
  const scope = useScope();

  it('goes on answering reviews, and ends when it is told to', async () => {
    const args = [
      '--self-signed',
      '--service-accounts',
      'manifests/examples',
      '--port=0',
      '--metrics-port=0',
      '--shutdown-delay=0',
    ];
    const program = startProgram(scope, args);
    const { port } = await portsOf(program);
    program.child.stderr.pause();
    const agent = new https.Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false });
    scope.onEnd(() => {
      agent.destroy();
    });
    const body = JSON.stringify(createReview());
    const review = async (): Promise<number | undefined> => {
      const headers = { 'Content-Type': 'application/json' };
      const sent = https.request({ host: '127.0.0.1', port, path: '/mutate', method: 'POST', headers, agent });
      sent.end(body);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      await text(response);
      return response.statusCode;
    };
    const statuses = await Promise.all(Array.from({ length: reviewCount }, review));
    assert.ok(statuses.every((status) => status === 200));
    assert.ok(program.errors().length < 64 * 1024, 'the log was not read meanwhile');

    program.child.kill('SIGTERM');
    assert.deepEqual(await once(program.child, 'exit'), [0, null]);
  });
});
