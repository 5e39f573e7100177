// The log: one bounded line of JSON an event, whatever strangers put into it.
import assert from 'node:assert/strict';
import { createLog, type Log } from '../../src/observability/log.ts';
import { keepLogLines, type LogLines } from './log-lines.ts';

function create(verbosity = 0): { log: Log; kept: LogLines } {
  const kept = keepLogLines();
  return { log: createLog({ verbosity, destination: kept.destination }), kept };
}

describe('observability/log', () => {
  it('writes level, time, fields and message, and nothing of the machine', () => {
    const { log, kept } = create();
    log.info({ outcome: 'injected', ms: 1.5, dryRun: true }, 'review');
    const [line] = kept.lines();
    assert.ok(line);
    const { time, ...rest } = line;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, { level: 'info', outcome: 'injected', ms: 1.5, dryRun: true, message: 'review' });
  });

  it('has four levels, and debug from -v=4 on', () => {
    for (const [verbosity, levels] of [
      [0, ['info', 'warn', 'error']],
      [3, ['info', 'warn', 'error']],
      [4, ['debug', 'info', 'warn', 'error']],
      [10, ['debug', 'info', 'warn', 'error']],
    ] as const) {
      const { log, kept } = create(verbosity);
      log.debug({}, 'a');
      log.info({}, 'b');
      log.warn({}, 'c');
      log.error({}, 'd');
      assert.deepEqual(
        kept.lines().map(({ level }) => level),
        levels,
      );
    }
  });

  it('lets lines wait for others where it may, each with the time of its own, until it is flushed', async () => {
    const kept = keepLogLines();
    const log = createLog({ verbosity: 0, destination: kept.destination, gathers: true });
    log.info({}, 'first');
    const betweenMs = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.info({}, 'second');
    assert.equal(kept.text(), '');
    log.flush();
    const [first, second] = kept.lines();
    assert.ok(Date.parse(String(first?.['time'])) <= betweenMs);
    assert.ok(Date.parse(String(second?.['time'])) > betweenMs);
    assert.deepEqual([first?.['message'], second?.['message']], ['first', 'second']);
  });

  it('leaves out what is not given', () => {
    const { log, kept } = create();
    log.info({ fault: undefined }, 'review');
    assert.doesNotMatch(kept.text(), /fault/);
  });

  it('stays on one line, with control characters and broken Unicode escaped', () => {
    const { log, kept } = create();
    const hostile = 'a\r\nb\u0000\u001B[31m\u007F\u2028\uD800"\\';
    log.info({ pod: hostile }, 'review');
    const text = kept.text();
    assert.equal(text.indexOf('\n'), text.length - 1);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text.slice(0, -1), /[\u0000-\u001F]/);
    assert.equal(Buffer.from(text).toString('utf8'), text, 'no lone surrogate is written');
    assert.equal(kept.lines()[0]?.['pod'], hostile);
  });

  it('cuts long texts', () => {
    const { log, kept } = create();
    log.info({ pod: 'p'.repeat(512), account: 'a'.repeat(1_000_000) }, 'review');
    const [line] = kept.lines();
    assert.equal(line?.['pod'], 'p'.repeat(512));
    assert.equal(line['account'], `${'a'.repeat(512)}...`);
  });
});
