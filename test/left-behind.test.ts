// What a review leaves in V8's old generation, where only a full collection finds it: next to nothing.
import assert from 'node:assert/strict';
import https from 'node:https';
import { createReview, roleArn } from './admission/reviews.ts';
import { eventually } from './kubernetes/eventually.ts';
import { startFakeApiServer } from './kubernetes/fake-api-server.ts';
import { type Scope, useScope } from './kubernetes/scope.ts';
import { freePorts, portsOf, type Program, startProgram } from './program.ts';
import { callMutate } from './server/call.ts';

/** Reviews in flight, one on each connection. */
const atOnce = 16;

/** Enough for some collections. */
const count = 2_400;

/** Objects of a call refer to one another: a single one that is kept keeps thousands of bytes. */
const fewBytes = 150;

const namespaces = Array.from({ length: atOnce }, (_, index) => `shop-${index}`);

/** What collections have promoted from the young generation into the old one, in bytes each. */
function promotions(program: Program): number[] {
  return [...program.output().matchAll(/"gc":"(?:s|mc)",.*"promoted":(\d+),/g)].map(([, bytes]) => Number(bytes));
}

/** An API server that knows one account in each namespace, and counts how often it is asked for one. */
async function startAccounts(scope: Scope, annotations: Readonly<Record<string, string>>) {
  const accountIn = (namespace: string) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name: 'cart', annotations },
  });
  const list = { kind: 'ServiceAccountList', metadata: { resourceVersion: '1' }, items: namespaces.map(accountIn) };
  let reads = 0;
  const { url: address } = await startFakeApiServer(scope, ({ url = '' }, response) => {
    const [, namespace] = /\/namespaces\/([^/]+)\/serviceaccounts\//.exec(url) ?? [];
    if (namespace !== undefined) {
      reads += 1;
      response.end(JSON.stringify(accountIn(namespace)));
    } else if (url.includes('watch=')) {
      response.flushHeaders();
    } else {
      response.end(JSON.stringify(list));
    }
  });
  return { url: address, reads: () => reads };
}

type Case = readonly [name: string, annotations: Readonly<Record<string, string>>, outcome: string, readsEach: number];

describe('what a review leaves behind', function () {
  this.timeout(60_000);
  const scope = useScope();

  const cases: readonly Case[] = [
    ['of a cached role', { 'eks.amazonaws.com/role-arn': roleArn }, 'injected', 0],
    ['of an account that is read live', {}, 'no_role_annotation', 1],
  ];
  for (const [name, annotations, outcome, readsEach] of cases) {
    it(name, async () => {
      const api = await startAccounts(scope, annotations);
      // Optimized code may leave less than other code does, and when V8 optimizes is left to chance.
      const nodeFlags = ['--max-opt=0', '--trace-gc-nvp'];
      const flags = ['serve', '--self-signed', '--kube-api', api.url, '--in-cluster=false', ...freePorts];
      const program = startProgram(scope, flags, { nodeFlags });
      const { port } = await portsOf(program);
      await eventually('the accounts', () => program.errors().includes('ready'));
      const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: atOnce });
      scope.onEnd(() => {
        agent.destroy();
      });
      const review = async (reviews: number) => {
        await Promise.all(
          namespaces.map(async (namespace) => {
            for (let sent = 0; sent < reviews / atOnce; sent += 1) {
              const { status, body } = await callMutate({ port, ca: '' }, createReview({ namespace }), { agent });
              assert.equal(status, 200);
              assert.ok(body.includes(`"outcome":"${outcome}"`), body);
            }
          }),
        );
      };

      await review(800);
      const before = promotions(program).length;
      const readsBefore = api.reads();
      await review(count);
      assert.equal(api.reads() - readsBefore, readsEach * count);
      const promoted = promotions(program).slice(before);
      assert.ok(promoted.length >= 4, `expected some collections, got ${promoted.length}`);
      const bytesEach = promoted.reduce((sum, bytes) => sum + bytes, 0) / count;
      assert.ok(
        bytesEach < fewBytes,
        `expected next to nothing to be kept of a review, got ${bytesEach} bytes of each`,
      );
    });
  }
});
