// The metrics of accounts by name, type and label, and that their state is read when they are.
import assert from 'node:assert/strict';
import type { AccountsState } from '../../src/observability/account-metrics.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { parseMetrics } from './metrics-text.ts';

function create() {
  const state = { isWatchConnected: false, msSinceSignOfLife: 1_500, accounts: { role: 0, bare: 0 } };
  const metrics = createMetrics([], { processMetrics: false });
  const accounts = metrics.addAccounts({
    state: (): AccountsState => state,
    relistReasons: ['watch_expired'],
    lookupResults: ['role', 'failed'],
  });
  const read = async () => parseMetrics((await metrics.render()).body);
  const valueOf = async (series: string): Promise<number | undefined> => {
    const families = [...(await read()).values()];
    return families.map((family) => family.series.get(series)).find((value) => value !== undefined);
  };
  return { accounts, state, read, valueOf };
}

describe('observability/account-metrics', () => {
  it('has these names and types', async () => {
    const families = [...(await create().read())].filter(([name]) => /accounts|live|relists|watch/.test(name));
    assert.deepEqual(
      families.map(([name, { type }]) => `${name} ${type}`),
      [
        'irsa_webhook_watch_connected gauge',
        'irsa_webhook_watch_silence_seconds gauge',
        'irsa_webhook_accounts gauge',
        'irsa_webhook_relists_total counter',
        'irsa_webhook_live_lookups_total counter',
        'irsa_webhook_live_reads_total counter',
        'irsa_webhook_live_lookup_wait_seconds histogram',
      ],
    );
    for (const [name, { help }] of families) assert.match(help, /^[A-Z].*\.$/, name);
  });

  it('starts each word at 0', async () => {
    const { valueOf } = create();
    for (const series of [
      'irsa_webhook_relists_total{reason="watch_expired"}',
      'irsa_webhook_live_lookups_total{result="role"}',
      'irsa_webhook_live_lookups_total{result="failed"}',
      'irsa_webhook_live_reads_total',
      'irsa_webhook_live_lookup_wait_seconds_count',
    ]) {
      assert.equal(await valueOf(series), 0, series);
    }
  });

  it('shows the state of the moment', async () => {
    const { state, valueOf } = create();
    assert.equal(await valueOf('irsa_webhook_watch_connected'), 0);
    assert.equal(await valueOf('irsa_webhook_watch_silence_seconds'), 1.5);
    Object.assign(state, { isWatchConnected: true, msSinceSignOfLife: 0, accounts: { role: 7, bare: 3 } });
    assert.equal(await valueOf('irsa_webhook_watch_connected'), 1);
    assert.equal(await valueOf('irsa_webhook_watch_silence_seconds'), 0);
    assert.equal(await valueOf('irsa_webhook_accounts{kind="role"}'), 7);
    assert.equal(await valueOf('irsa_webhook_accounts{kind="bare"}'), 3);
  });

  it('counts relists, reads and lookups, and how long these waited', async () => {
    const { accounts, valueOf } = create();
    accounts.countRelist('watch_expired');
    accounts.countLiveRead();
    accounts.countLiveLookup('role', 4);
    accounts.countLiveLookup('role', 2_000);
    assert.equal(await valueOf('irsa_webhook_relists_total{reason="watch_expired"}'), 1);
    assert.equal(await valueOf('irsa_webhook_live_reads_total'), 1);
    assert.equal(await valueOf('irsa_webhook_live_lookups_total{result="role"}'), 2);
    assert.equal(await valueOf('irsa_webhook_live_lookup_wait_seconds_bucket{le="0.005"}'), 1);
    assert.equal(await valueOf('irsa_webhook_live_lookup_wait_seconds_count'), 2);
    assert.equal(await valueOf('irsa_webhook_live_lookup_wait_seconds_sum'), 2.004);
  });
});
