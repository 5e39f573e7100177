// What a person at a terminal is told after the start.
import assert from 'node:assert/strict';
import { formatBanner } from '../../src/commands/banner.ts';
import type { AccountPromise, Accounts } from '../../src/accounts/manifest.ts';
import { parseReview } from '../../src/admission/review.ts';
import { identity } from '../admission/reviews.ts';

const facts = { version: '1.2.3', port: 8443, metricsPort: 9999, path: 'accounts' };
const none = { kind: 'none', reason: 'no_role_annotation', warnings: [] } as const;

describe('commands/banner', () => {
  it('tells what is served and from where', () => {
    const accounts: Accounts = new Map<string, AccountPromise>([
      ['shop/web', none],
      ['shop/cart', identity],
    ]);
    const lines = formatBanner({ ...facts, accounts }).split('\n');
    assert.deepEqual(lines.slice(0, 7), [
      'irsa-webhook 1.2.3',
      '  serves    https://localhost:8443/mutate',
      '  metrics   http://localhost:9999/metrics',
      '  accounts  2 in accounts, 1 of them with a role',
      '',
      'Send it a pod of shop/cart, from another terminal:',
      '',
    ]);
    assert.deepEqual(lines.slice(8), ['', '']);
  });

  it('prints a command whose body is a review of a pod of that account', () => {
    const banner = formatBanner({ ...facts, accounts: new Map([['shop/cart', identity]]) });
    const [, body = ''] = / -d '([^']+)'$/m.exec(banner) ?? [];
    const { operation, namespace, object } = parseReview(body);
    assert.deepEqual([operation, namespace], ['CREATE', 'shop']);
    assert.deepEqual(object, { spec: { serviceAccountName: 'cart', containers: [{ name: 'app' }] } });
  });

  it('prints no command where no account has a role, or none whose name a shell takes as it is', () => {
    for (const accounts of [
      new Map(),
      new Map([['shop/web', none]]),
      new Map([["shop/it's", identity]]),
    ] as Accounts[]) {
      assert.doesNotMatch(formatBanner({ ...facts, accounts }), /curl/);
    }
  });
});
