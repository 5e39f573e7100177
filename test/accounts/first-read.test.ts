// The wait for the first successful read: what counts as one, the pauses between tries, and giving up.
import assert from 'node:assert/strict';
import { type FirstReadOptions, waitForFirstRead } from '../../src/accounts/first-read.ts';
import type { ApiResponse } from '../../src/kubernetes/transport.ts';

const read: ApiResponse = { status: 200, headers: {}, body: '{"kind":"ServiceAccountList","items":[]}' };
const forbidden: ApiResponse = { status: 403, headers: {}, body: '{"kind":"Status","message":"is forbidden"}' };

/** Tries that end as told, one after the other; the last again and again. */
function record(tries: readonly (ApiResponse | Error)[], stopAfterWaits = Infinity) {
  const paths: string[] = [];
  const failures: string[] = [];
  const waitsMs: number[] = [];
  const stop = new AbortController();
  const options: FirstReadOptions = {
    api: {
      get: (path) => {
        paths.push(path);
        const result = tries[Math.min(paths.length, tries.length) - 1] ?? read;
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
      },
    },
    wait: (delayMs) => {
      waitsMs.push(delayMs);
      if (waitsMs.length >= stopAfterWaits) stop.abort();
      return Promise.resolve();
    },
    onFailure: (message) => failures.push(message),
    signal: stop.signal,
  };
  return { options, paths, failures, waitsMs, stop };
}

describe('accounts/first-read', () => {
  it('is done with the first list, however short', async () => {
    const { options, paths, failures, waitsMs } = record([read]);
    assert.equal(await waitForFirstRead(options), true);
    assert.deepEqual(paths, ['/api/v1/serviceaccounts?limit=1']);
    assert.deepEqual({ failures, waitsMs }, { failures: [], waitsMs: [] });
  });

  it('tries again after a refusal and after no answer, and tells of each', async () => {
    const { options, paths, failures } = record([forbidden, new Error('ECONNREFUSED'), read]);
    assert.equal(await waitForFirstRead(options), true);
    assert.equal(paths.length, 3);
    assert.deepEqual(failures, ['the API server answered 403: is forbidden', 'ECONNREFUSED']);
  });

  it('waits twice as long each time, and never more than five seconds', async () => {
    const { options, waitsMs } = record([...Array.from({ length: 7 }, () => forbidden), read]);
    assert.equal(await waitForFirstRead(options), true);
    assert.deepEqual(waitsMs, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it('gives up when it is told to stop, without a word of the last try', async () => {
    const { options, paths, failures } = record([forbidden], 2);
    assert.equal(await waitForFirstRead(options), false);
    assert.equal(paths.length, 3);
    assert.equal(failures.length, 2);
  });

  it('hands its signal to the call and to the wait', async () => {
    const { options, stop } = record([forbidden, read]);
    const signals: unknown[] = [];
    await waitForFirstRead({
      ...options,
      api: {
        get: (path, call) => {
          signals.push(call.signal);
          assert.equal(call.timeoutMs, 5_000);
          return options.api.get(path, call);
        },
      },
      wait: (delayMs, signal) => {
        signals.push(signal);
        return options.wait(delayMs, signal);
      },
    });
    assert.deepEqual(new Set(signals), new Set([stop.signal]));
  });
});
