// The signal that something is wanted no more: told once, to who is still there.
import assert from 'node:assert/strict';
import { createEndController } from '../../src/kubernetes/end-signal.ts';

describe('kubernetes/end-signal', () => {
  it('tells each listener once, in their order, but not those that were taken away', () => {
    const { signal, abort } = createEndController();
    const told: string[] = [];
    const listenerOf = (name: string) => () => void told.push(`${name} ${String(signal.aborted)}`);
    const [first, second, third] = [listenerOf('first'), listenerOf('second'), listenerOf('third')];
    for (const listener of [first, second, third]) signal.addEventListener('abort', listener);
    signal.removeEventListener('abort', second);
    signal.removeEventListener('abort', second);
    assert.equal(signal.aborted, false);
    abort();
    abort();
    assert.equal(signal.aborted, true);
    assert.deepEqual(told, ['first true', 'third true']);
  });

  it('lets listeners take away others, and themselves, while it tells', () => {
    const { signal, abort } = createEndController();
    const told: string[] = [];
    const second = (): void => void told.push('second');
    const first = (): void => {
      told.push('first');
      signal.removeEventListener('abort', first);
      signal.removeEventListener('abort', second);
    };
    signal.addEventListener('abort', first);
    signal.addEventListener('abort', second);
    abort();
    assert.deepEqual(told, ['first']);
  });
});
