// A stream that nobody reads costs lines, never memory or an answer; who reads again is told.
import assert from 'node:assert/strict';
import { asObject } from '../../src/identity/json.ts';
import { toStream } from '../../src/observability/log-stream.ts';

/** A stream whose reader can stall. */
function createStream() {
  const written: string[] = [];
  return { written, writableLength: 0, write: (text: string) => written.push(text) };
}

describe('observability/log-stream', () => {
  it('drops what comes while more than 4 MiB are unread, and says how many lines that were', () => {
    const stream = createStream();
    const { write } = toStream(stream);
    stream.writableLength = 4 * 1024 * 1024;
    write('written\n', 1);
    stream.writableLength += 1;
    for (const lines of [2, 1]) write('dropped\n'.repeat(lines), lines);
    assert.deepEqual(stream.written, ['written\n']);

    stream.writableLength = 0;
    write('read\n', 1);
    write('more\n', 1);
    const [said = '', read, ...rest] = (stream.written[1] ?? '').split('\n');
    const { time, ...fields } = asObject(JSON.parse(said)) ?? {};
    assert.match(String(time), /^\d{4}-.*Z$/);
    assert.deepEqual(fields, { level: 'warn', lines: 3, message: 'log lines dropped: nobody read them' });
    assert.deepEqual([read, rest, stream.written[2]], ['read', [''], 'more\n']);
  });
});
