// The search for the AWS account: bounded at the start, never given up, never loud.
import assert from 'node:assert/strict';
import { followRoleOwner, type RoleOwnerSource } from '../../src/commands/role-owner.ts';
import { answerWith, startMetadataServer } from '../accounts/metadata-server.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

describe('commands/role-owner', () => {
  const scope = useScope();

  function follow(environment: Record<string, string>) {
    const delays: number[] = [];
    const lines: string[] = [];
    const gate = { next: Promise.withResolvers<void>() };
    const source: RoleOwnerSource = followRoleOwner({
      environment,
      ownerOf: ({ accountId }) => ({ accountId, partition: 'aws' }),
      now: () => 0,
      random: () => 0.5,
      wait: async (delayMs) => {
        delays.push(delayMs);
        await gate.next.promise;
        gate.next = Promise.withResolvers();
      },
      log: {
        info: (_, message) => lines.push(`info ${message}`),
        warn: ({ error }, message) => lines.push(`warn ${message}: ${String(error)}`),
      },
    });
    const stop = (): void => {
      source.close();
      gate.next.resolve();
    };
    scope.onEnd(stop);
    return { source, delays, lines, pass: () => gate.next.resolve(), stop };
  }

  it('knows the account after the first try', async () => {
    const { url } = await startMetadataServer(scope);
    const { source, delays, lines } = follow({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });
    assert.equal(source.owner(), undefined);
    await source.firstTry;
    assert.deepEqual(source.owner(), { accountId: '111122223333', partition: 'aws' });
    assert.deepEqual([delays, lines], [[], ['info AWS account known from instance metadata']]);
  });

  it('goes on, with growing pauses and one line for each new reason, until it is known', async () => {
    const { url, behave, requests } = await startMetadataServer(scope);
    behave({ PUT: answerWith(403, '') });
    const { source, delays, lines, pass } = follow({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });
    await source.firstTry;
    for (const count of [1, 2]) {
      await eventually('the pause', () => delays.length === count);
      assert.equal(source.owner(), undefined);
      pass();
    }
    await eventually('the third failure', () => delays.length === 3);
    behave({ PUT: answerWith(503, '') });
    pass();
    await eventually('the fourth failure', () => delays.length === 4);
    behave({});
    pass();
    await eventually('the account', () => source.owner() !== undefined);
    assert.deepEqual(delays, [400, 800, 1600, 3200]);
    assert.equal(requests.length, 6);
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? '', /^warn AWS account not known; .*: expected 200 .*, got 403$/);
    assert.match(lines[1] ?? '', /got 503$/);
  });

  it('asks nobody where AWS_EC2_METADATA_DISABLED is true', async () => {
    const { url, requests } = await startMetadataServer(scope);
    const disabled = { AWS_EC2_METADATA_DISABLED: 'True', AWS_EC2_METADATA_SERVICE_ENDPOINT: url };
    const { source, lines } = follow(disabled);
    await source.firstTry;
    assert.deepEqual([source.owner(), requests.length, lines.length], [undefined, 0, 1]);
  });

  it('asks no more once it is closed, and has no word to say of it', async () => {
    const { url, behave, requests } = await startMetadataServer(scope);
    const { source, lines, stop, delays } = follow({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });
    behave({ PUT: stop });
    await source.firstTry;
    assert.deepEqual([requests.length, delays.length, lines], [1, 0, []]);
  });
});
