// Accounts followed at an API server: when a replica is ready, what it answers without the watch, what it tells.
import assert from 'node:assert/strict';
import { identity } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { errorEvent, refuse } from '../kubernetes/fake-watch-server.ts';
import { useScope } from '../kubernetes/scope.ts';
import { faultMessage, startFollowed } from './followed.ts';

const forbidden = refuse(403, 'Forbidden');

describe('commands/follow-accounts', () => {
  const scope = useScope();

  const start = (prepare?: Parameters<typeof startFollowed>[1]) => startFollowed(scope, prepare);

  it('is ready with the first complete list, and says before that why not', async () => {
    const { accounts, server, lines } = await start((api) => {
      api.put('shop/a', 'role-a');
      api.put('shop/b', '');
      api.next('list', ...Array.from({ length: 30 }, () => forbidden));
    });
    assert.equal(accounts.notReady(), 'service accounts have not been read yet');
    await eventually('a reason', () => accounts.notReady()?.includes('403') === true);
    assert.equal(
      accounts.notReady(),
      'service accounts cannot be read: Expected a list from /api/v1/serviceaccounts, got 403: because of Forbidden',
    );
    await eventually('the list', () => accounts.notReady() === undefined);
    assert.ok(server.requests.length > 30);
    const listed = lines().find(({ message }) => message === 'service accounts listed; ready');
    assert.deepEqual([listed?.['role'], listed?.['bare']], [1, 1]);
  });

  it('answers live before that', async () => {
    const { roleOf, live } = await start((api) => {
      api.put('shop/a', 'role-a');
      api.next('list', () => undefined);
    });
    assert.equal(await roleOf('a'), identity.roleArn);
    assert.equal(live.reads, 1);
  });

  it('stays ready, answers roles from the store and all else live, when the API server has gone', async () => {
    const { server, accounts, roleOf, live, lines, metricOf } = await start((api) => {
      api.put('shop/a', 'role-a');
      api.put('shop/b', '');
    });
    await eventually('the watch', () => server.watches.size === 1);
    assert.equal(await metricOf('irsa_webhook_watch_connected'), '1');
    await server.stop();
    await eventually('the end of the watch', () => lines().some(({ message }) => message === faultMessage));
    assert.equal(await metricOf('irsa_webhook_watch_connected'), '0');
    assert.equal(accounts.notReady(), undefined);
    assert.equal(await roleOf('a'), 'role-a');
    assert.equal(live.reads, 0);
    assert.equal(await roleOf('b'), identity.roleArn);
    assert.equal(live.reads, 1);
    live.answer = { kind: 'fault', reason: 'lookup_failed', message: 'down' };
    assert.equal(await roleOf('b'), 'fault');
    assert.equal(await metricOf('irsa_webhook_live_reads_total'), '2');
    assert.equal(await metricOf('irsa_webhook_live_lookups_total{result="role"}'), '1');
    assert.equal(await metricOf('irsa_webhook_live_lookups_total{result="failed"}'), '1');
  });

  it('never puts what was read live into the store', async () => {
    const { server, roleOf, live, metricOf } = await start((api) => {
      api.put('shop/b', '');
    });
    await eventually('the watch', () => server.watches.size === 1);
    for (const name of ['b', 'b', 'new', 'new']) assert.equal(await roleOf(name), identity.roleArn);
    assert.equal(live.reads, 4);
    assert.equal(await metricOf('irsa_webhook_accounts{kind="role"}'), '0');
    assert.equal(await metricOf('irsa_webhook_accounts{kind="bare"}'), '1');
  });

  it('counts relists by their reason, and follows what came meanwhile', async () => {
    const { server, roleOf, metricOf } = await start((api) => {
      api.put('shop/a', 'role-a');
    });
    await eventually('the watch', () => server.watches.size === 1);
    server.unseen(() => {
      server.put('shop/a', 'role-b');
    });
    server.compact('status');
    server.endWatches();
    await eventually('the second list', () => server.requests.filter(({ kind }) => kind === 'list').length === 2);
    await eventually('the second watch', () => server.watches.size === 1);
    assert.equal(await metricOf('irsa_webhook_relists_total{reason="watch_expired"}'), '1');
    assert.equal(await roleOf('a'), 'role-b');
  });

  it('tells when a list begins and when it is complete', async () => {
    const { server, listings } = await start((api) => {
      api.put('shop/a', 'role-a');
    });
    await eventually('the watch', () => server.watches.size === 1);
    assert.deepEqual(listings, [true, false]);
    server.compact('status');
    server.endWatches();
    await eventually('the second list', () => listings.length >= 4);
    assert.deepEqual(listings, [true, false, true, false]);
  });

  it('tells for how long nothing was heard: no event, no bookmark, no complete list', async () => {
    const { server, metricOf, passMs } = await start((api) => {
      api.put('shop/a', 'role-a');
    });
    await eventually('the watch', () => server.watches.size === 1);
    const silenceSeconds = async (): Promise<number> => Number(await metricOf('irsa_webhook_watch_silence_seconds'));
    const endsBy = async (what: string, happen: () => void): Promise<void> => {
      passMs(1_000_000);
      assert.ok((await silenceSeconds()) >= 1_000, `before ${what}`);
      happen();
      let seconds = Number.POSITIVE_INFINITY;
      const look = async (): Promise<void> => {
        seconds = await silenceSeconds();
      };
      await eventually(`the silence to end by ${what}`, () => {
        void look();
        return seconds < 1_000;
      });
    };
    await endsBy('an event', () => server.put('shop/b', 'role-b'));
    await endsBy('a bookmark', () => server.bookmark());
    await endsBy('a list', () => server.write(errorEvent(410, 'Expired')));
  });
});
