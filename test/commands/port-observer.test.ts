// What happens to connections: counted by words of our own, and logged no more than once in ten seconds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { createPortObserver, shedReasons } from '../../src/commands/port-observer.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { handshakeErrorReasons } from '../../src/server/handshake-errors.ts';
import { listen } from '../../src/server/listen.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { servingPair } from '../server/serving-pair.ts';

function create() {
  const clock = { nowMs: 0 };
  const lines: unknown[] = [];
  const metrics = createMetrics([], { processMetrics: false });
  const server = metrics.addServer({
    handshakeErrorReasons,
    shedReasons,
    state: () => ({ reviewsInFlight: 0, connections: { webhook: 0, metrics: 0 } }),
  });
  const log = { warn: (fields: object, message: string) => lines.push({ ...fields, message }) };
  const observer = createPortObserver('webhook', { log, metrics: server, now: () => clock.nowMs });
  const counts = async (name: string): Promise<Record<string, number>> => {
    const { body } = await metrics.render();
    const series = [...body.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)$`, 'gm'))];
    return Object.fromEntries(
      series.filter(([, , value]) => value !== '0').map(([, labels = '', value]) => [labels, Number(value)]),
    );
  };
  return { clock, lines, observer, counts };
}

describe('commands/port-observer', () => {
  const scope = useScope();

  it('logs the first failed handshake, then one in ten seconds with the number of those in between', async () => {
    const { clock, lines, observer, counts } = create();
    for (const atMs of [0, 1, 9_999, 10_000, 10_001, 25_000]) {
      clock.nowMs = atMs;
      observer.onHandshakeError(`ERR_SSL_STRANGE_${String(atMs)}`);
    }
    const line = { reason: 'other', message: 'TLS handshake failed' };
    assert.deepEqual(lines, [
      { ...line, code: 'ERR_SSL_STRANGE_0', unlogged: 0 },
      { ...line, code: 'ERR_SSL_STRANGE_10000', unlogged: 2 },
      { ...line, code: 'ERR_SSL_STRANGE_25000', unlogged: 1 },
    ]);
    // A stranger makes no new series.
    assert.deepEqual(await counts('irsa_webhook_handshake_errors_total'), { 'reason="other"': 6 });
  });

  it('counts connections that were closed or not taken, and logs of them as seldom', async () => {
    const { lines, observer, counts } = create();
    observer.onShed('idle', 100);
    observer.onShed('slow', 2);
    observer.onDrop();
    observer.onDrop();
    assert.deepEqual(lines, [
      { port: 'webhook', reason: 'idle', count: 100, unlogged: 0, message: 'too many connections' },
    ]);
    assert.deepEqual(await counts('irsa_webhook_connections_shed_total'), {
      'port="webhook",reason="idle"': 100,
      'port="webhook",reason="slow"': 2,
      'port="webhook",reason="new"': 2,
    });
  });

  it('is told of a handshake that fails, here for want of a common version', async () => {
    const { lines, observer, counts } = create();
    const { port, close } = await listen(() => undefined, {
      port: 0,
      host: '127.0.0.1',
      pair: await servingPair(),
      observer,
    });
    scope.onEnd(close);
    const old = connect({
      port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    await once(old, 'error');
    await eventually('the failure', () => lines.length === 1);
    assert.deepEqual(await counts('irsa_webhook_handshake_errors_total'), { 'reason="incompatible"': 1 });
  });
});
