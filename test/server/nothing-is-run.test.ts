// Nothing is run, read, written or fetched on behalf of what a review holds: the account lookup is all that it causes.
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import childProcess from 'node:child_process';
import dns from 'node:dns';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import vm from 'node:vm';
import workerThreads from 'node:worker_threads';
import * as fc from 'fast-check';
import type { AccountRef } from '../../src/identity/account-ref.ts';
import { asObject } from '../../src/identity/json.ts';
import { createReview, identityAtHand } from '../admission/reviews.ts';
import { anyText } from '../identity/hostile-texts.ts';
import { useScope } from '../kubernetes/scope.ts';
import { callText, openTls } from './raw-tls.ts';
import { startWebhook } from './webhook.ts';

/** What Node makes of files, processes, names, connections and threads; the calls themselves come over one open connection. */
const forbidden =
  /^(FS|FILEHANDLE|DIRHANDLE|STATWATCHER|PROCESSWRAP|TCPCONNECTWRAP|TCPSERVERWRAP|PIPE|GETADDRINFO|QUERYWRAP|DNSCHANNEL|UDP|WORKER)/;

const lures = [
  'file:///etc/passwd',
  '/etc/passwd',
  '../../../../etc/shadow',
  '/proc/self/environ',
  'http://127.0.0.1:9/',
  'https://169.254.169.254/latest/meta-data/',
  '$(touch /tmp/irsa-webhook-was-here)',
  '`id`',
  '; id #',
  '${process.exit(1)}',
  "require('node:child_process').execSync('id')",
  '{{constructor.constructor("return process")()}}',
  '__proto__',
  'constructor',
  '\\\\127.0.0.1\\share',
  'jndi:ldap://127.0.0.1/a',
];
const text = fc.oneof(fc.constantFrom(...lures), anyText);

/** Texts wherever a pod, or a review, may have one. */
const hostileReview = fc
  .record({
    annotations: fc.dictionary(text, text, { maxKeys: 5 }),
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    name: text,
    namespace: fc.oneof(fc.constant('shop'), text),
    account: fc.oneof(fc.constant('cart'), text),
    image: text,
    command: fc.array(text, { maxLength: 3 }),
    env: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
    path: text,
    nodeSelector: fc.dictionary(text, text, { maxKeys: 2 }),
  })
  .map(({ annotations, labels, name, namespace, account, nodeSelector, image, command, env, path }) =>
    createReview({
      namespace,
      name,
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, annotations, labels },
        spec: {
          serviceAccountName: account,
          nodeSelector,
          containers: [
            { name, image, command, args: command, env, envFrom: [{ configMapRef: { name } }], workingDir: path },
          ],
          volumes: [{ name, hostPath: { path }, configMap: { name: path } }],
        },
      },
    }),
  );

/** Replaces each function of these modules by one that is told of; returns how to put the own ones back. */
function watchModules(onCall: (name: string) => void): () => void {
  const modules: Readonly<Record<string, object>> = {
    fs,
    'fs.promises': fs.promises,
    childProcess,
    dns,
    net,
    vm,
    workerThreads,
  };
  const restores: (() => void)[] = [];
  for (const [name, module] of Object.entries(modules)) {
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(module))) {
      const own: unknown = descriptor.value;
      if (typeof own !== 'function' || descriptor.writable !== true) continue;
      const watched = new Proxy(own, {
        apply: (target, self, args: unknown[]): unknown => {
          onCall(`${name}.${key}`);
          return Reflect.apply(target, self, args);
        },
        construct: (target, args: unknown[], newTarget): object => {
          onCall(`new ${name}.${key}`);
          // oxlint-disable-next-line typescript/no-unsafe-return -- what a constructor returns is an object
          return Reflect.construct(target, args, newTarget);
        },
      });
      Reflect.set(module, key, watched);
      restores.push(() => Reflect.set(module, key, own));
    }
  }
  syncBuiltinESMExports();
  return () => {
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  };
}

describe('server: what a review holds', () => {
  const scope = useScope();

  async function watchReviews(reviews: readonly unknown[]) {
    const lookups: AccountRef[] = [];
    const seen: string[] = [];
    const webhook = await startWebhook(scope, {
      lookup: (account, deadline) => {
        lookups.push(account);
        return identityAtHand(account, deadline);
      },
    });
    const connection = await openTls(scope, webhook);
    const restore = watchModules((name) => seen.push(name));
    const hook = createHook({
      init: (_id, type) => {
        if (forbidden.test(type)) seen.push(type);
      },
    }).enable();
    try {
      let sent = 0;
      for (const review of reviews) {
        for (const path of ['/mutate', '/validate/service-accounts']) {
          connection.socket.write(callText(JSON.stringify(review), { path }));
          sent += 1;
          await connection.answers(sent);
        }
      }
    } finally {
      hook.disable();
      restore();
    }
    return { lookups, seen, webhook };
  }

  it('is neither run nor read nor fetched', async function () {
    this.timeout(60_000);
    const reviews = fc.sample(hostileReview, { numRuns: 150, seed: 20261125 });
    const { lookups, seen, webhook } = await watchReviews(reviews);
    assert.deepEqual(seen, []);
    assert.equal(webhook.calls.length, reviews.length * 2);
    assert.ok(lookups.length > 10 && lookups.length <= reviews.length);
    // Of the account in the namespace of the request, and no other.
    for (const { namespace } of lookups) {
      assert.ok(reviews.some((review) => asObject(review['request'])?.['namespace'] === namespace));
    }
  });

  it('would be seen if it were', async () => {
    const seen: string[] = [];
    const restore = watchModules((name) => seen.push(name));
    const hook = createHook({
      init: (_id, type) => {
        if (forbidden.test(type)) seen.push(type);
      },
    }).enable();
    try {
      fs.readFileSync('/etc/hostname');
      await fs.promises.readFile('/etc/hostname');
      childProcess.spawnSync('true');
      const socket = net.connect(9, '127.0.0.1').on('error', () => undefined);
      await new Promise((resolve) => socket.once('close', resolve));
    } finally {
      hook.disable();
      restore();
    }
    for (const name of ['fs.readFileSync', 'fs.promises.readFile', 'childProcess.spawnSync', 'TCPCONNECTWRAP']) {
      assert.ok(seen.includes(name), `${name} among ${[...new Set(seen)].join()}`);
    }
  });
});
