// Failed handshakes: told of, and no more than one in ten seconds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { createHandshakeObserver } from '../../src/commands/handshake-observer.ts';
import { listen } from '../../src/server/listen.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { servingPair } from '../server/serving-pair.ts';

describe('commands/handshake-observer', () => {
  const scope = useScope();

  it('logs the first, then one in ten seconds with the number of those in between', () => {
    let nowMs = 0;
    const lines: unknown[] = [];
    const observe = createHandshakeObserver({ warn: (fields) => lines.push(fields) }, () => nowMs);
    for (const atMs of [0, 1, 9_999, 10_000, 10_001, 25_000]) {
      nowMs = atMs;
      observe(`E${String(atMs)}`);
    }
    assert.deepEqual(lines, [
      { code: 'E0', unlogged: 0 },
      { code: 'E10000', unlogged: 2 },
      { code: 'E25000', unlogged: 1 },
    ]);
  });

  it('is told of a handshake that fails, here for want of a common version', async () => {
    const codes: string[] = [];
    const { port, drain } = await listen(() => undefined, {
      port: 0,
      host: '127.0.0.1',
      pair: await servingPair(),
      onHandshakeError: (code) => codes.push(code),
    });
    scope.onEnd(() => drain(0));
    const old = connect({
      port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    await once(old, 'error');
    await eventually('the failure', () => codes.length === 1);
    assert.match(codes[0] ?? '', /^ERR_SSL_/);
  });
});
