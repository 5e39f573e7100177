import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { readJsonLines } from '../../src/kubernetes/json-lines.ts';

async function* stream(chunks: readonly string[]): AsyncGenerator<string> {
  for (const chunk of chunks) yield chunk;
}

/** The values, with the code of a fault in its place. */
async function read(chunks: readonly string[], maxLineLength?: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const line of readJsonLines(stream(chunks), maxLineLength)) {
    found.push('value' in line ? line.value : line.fault.code);
  }
  return found;
}

/** A line of this many characters, its newline not counted. */
const lineOf = (length: number) => `"${'x'.repeat(length - 2)}"\n`;

const tooLarge = 'ERR_KUBERNETES_RESPONSE_TOO_LARGE';
const invalid = 'ERR_KUBERNETES_RESPONSE_INVALID';

describe('kubernetes/json-lines', () => {
  const cases: readonly { name: string; chunks: readonly string[]; values: unknown[]; limit?: number }[] = [
    { name: 'nothing', chunks: [], values: [] },
    { name: 'a line', chunks: ['{"a":1}\n'], values: [{ a: 1 }] },
    { name: 'lines in one piece', chunks: ['1\n2\n3\n'], values: [1, 2, 3] },
    { name: 'a line in three pieces', chunks: ['{"a"', ':', '1}\n2\n'], values: [{ a: 1 }, 2] },
    { name: 'a newline in a piece of its own', chunks: ['1', '\n', '2', '\n'], values: [1, 2] },
    { name: 'a last line without newline', chunks: ['1\n', '2'], values: [1, 2] },
    { name: 'blank lines and carriage returns', chunks: ['\n1\r\n', '\r\n', ' \n\n2\n'], values: [1, 2] },
    { name: 'a bad line between good ones', chunks: ['1\n{"a":\n', '2\n'], values: [1, invalid, 2] },
    { name: 'a last line that was cut', chunks: ['1\n{"a"'], values: [1, invalid] },
    { name: 'a line of the limit', chunks: ['"12', '34"\n', '5\n'], limit: 6, values: ['1234', 5] },
    { name: 'a line over the limit', chunks: ['1\n"1234', '5"\n', '6\n'], limit: 6, values: [1, tooLarge, 6] },
    { name: 'one in a single piece with others', chunks: ['1\n"12345"\n6\n'], limit: 6, values: [1, tooLarge, 6] },
    { name: 'two of them', chunks: ['"12345"\n"12345"\n', '6'], limit: 6, values: [tooLarge, tooLarge, 6] },
    { name: 'one without end', chunks: ['"12345', '6789', '0123'], limit: 6, values: [tooLarge] },
  ];
  for (const { name, chunks, values, limit } of cases) {
    it(`reads ${name}`, async () => assert.deepEqual(await read(chunks, limit), values));
  }

  it('reads a line of 4 MiB, and no longer one', async () => {
    const limit = 4 * 1024 * 1024;
    const [whole, refused] = await read([lineOf(limit), lineOf(limit + 1)]);
    assert.ok(typeof whole === 'string' && whole.length === limit - 2);
    assert.equal(refused, tooLarge);
  });

  it('tells of a line that is too long before its end, with its start, and keeps no more of it', async () => {
    let sentCount = 0;
    async function* endless(): AsyncGenerator<string> {
      yield '{"type":"ADDED"';
      for (;;) {
        sentCount += 1;
        yield 'x'.repeat(1_000);
      }
    }
    for await (const line of readJsonLines(endless(), 10_000)) {
      assert.ok('fault' in line && line.fault instanceof KubernetesError);
      assert.match(line.head, /^\{"type":"ADDED"x+$/);
      assert.equal(line.head.length, 1_024);
      break;
    }
    assert.equal(sentCount, 10);
  });

  it('quotes nothing of a bad line', async () => {
    for await (const line of readJsonLines(stream(['{"token":"secret"\n']))) {
      assert.ok('fault' in line);
      assert.equal(line.fault.message, 'Expected JSON in each line, got one of 17 characters that is not');
      assert.equal(line.fault.cause, undefined);
    }
  });

  it('rejects as the stream does, and leaves it when the loop is left', async () => {
    let isLeft = false;
    async function* failing(): AsyncGenerator<string> {
      try {
        yield '1\n';
        throw new Error('reset');
      } finally {
        isLeft = true;
      }
    }
    const values: unknown[] = [];
    await assert.rejects(async () => {
      for await (const line of readJsonLines(failing())) values.push(line);
    }, /reset/);
    assert.deepEqual(values, [{ value: 1 }]);
    isLeft = false;
    for await (const line of readJsonLines(failing())) {
      void line;
      break;
    }
    assert.equal(isLeft, true);
  });

  it('law: however the text is cut, the values are the same', async () => {
    const values = fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: 'grapheme' })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat({ max: 60 }), { maxLength: 12 }), async (given, cuts) => {
        const text = given.map((value) => `${JSON.stringify(value)}\n`).join('');
        const chunks: string[] = [];
        let rest = text;
        for (const cut of cuts) {
          chunks.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        assert.deepEqual(await read([...chunks, rest]), JSON.parse(JSON.stringify(given)));
      }),
      { numRuns: 300 },
    );
  });
});
