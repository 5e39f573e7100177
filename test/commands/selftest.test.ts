// The self-test against an API server that answers as it is told to: what is asked, how often, and what is said.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseCommandLine } from '../../src/commands/command-line.ts';
import { selftest } from '../../src/commands/selftest.ts';
import { SelftestError, type SelftestErrorCode } from '../../src/commands/selftest/error.ts';
import { runSelftest, type SelftestOptions } from '../../src/commands/selftest/run.ts';
import type { Answer } from '../../src/accounts/lookup.ts';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import type { ApiResponse } from '../../src/kubernetes/transport.ts';
import { createAccount, identity, roleArn, settings } from '../admission/reviews.ts';
import { startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { useScope } from '../kubernetes/scope.ts';
import { injected } from './selftest-pods.ts';

type Responding = (pod: JsonObject) => ApiResponse;

const right: Responding = (pod) => ({ status: 201, headers: {}, body: JSON.stringify(injected(pod, identity)) });
const untouched: Responding = (pod) => ({ status: 201, headers: {}, body: JSON.stringify(pod) });
const refused = (status: number, message: string): Responding => {
  const body = JSON.stringify({ kind: 'Status', status: 'Failure', code: status, message });
  return () => ({ status, headers: {}, body });
};

/** Runs on a clock that passes as fast as it is waited for; of the answers the last one is given again and again. */
async function run(
  accounts: readonly Answer[],
  responses: readonly (Responding | Error)[],
  options: Partial<SelftestOptions> = {},
) {
  let nowMs = 1000;
  let reads = 0;
  let posts = 0;
  const progress: string[] = [];
  const result = await runSelftest({
    namespace: 'shop',
    serviceAccountName: 'cart',
    image: 'pause',
    settings,
    timeoutMs: 30_000,
    lookup: () => accounts[Math.min(reads++, accounts.length - 1)] ?? assert.fail('no account'),
    createPod: async (pod) => {
      const response = responses[Math.min(posts++, responses.length - 1)] ?? assert.fail('no answer');
      if (response instanceof Error) throw response;
      return response(pod);
    },
    now: () => nowMs,
    wait: async (delayMs) => {
      nowMs += delayMs;
    },
    stop: new AbortController().signal,
    onProgress: (line) => progress.push(line),
    ...options,
  }).then(
    ({ error }) => error,
    (error: unknown) => error,
  );
  assert.ok(result === undefined || result instanceof SelftestError, String(result));
  return { error: result, seconds: (nowMs - 1000) / 1000, reads, posts, progress };
}

const absent = (reason: 'service_account_not_found' | 'no_role_annotation' | 'blank_role_annotation'): Answer => ({
  kind: 'none',
  reason,
  warnings: [],
});
const forbidden: Answer = {
  kind: 'fault',
  reason: 'lookup_failed',
  message: 'cannot read service account shop/cart: the API server answered 403: no',
};

describe('commands/selftest: a run', () => {
  it('ends at once where the first pod is right', async () => {
    const { error, seconds, posts, progress } = await run([identity], [right]);
    assert.deepEqual([error, seconds, posts, progress], [undefined, 0, 1, []]);
  });

  it('sends it again until it is right, and says what it waits for', async () => {
    const { error, seconds, posts, progress } = await run(
      [identity],
      [...Array<Responding>(15).fill(untouched), right],
    );
    assert.deepEqual([error, seconds, posts], [undefined, 15, 16]);
    const waitsFor = 'the pod of shop/cart came back without an AWS identity. Likely causes, the first ones first:';
    assert.deepEqual(progress, [`not yet, 2 of 30 s: ${waitsFor}`, `not yet, 12 of 30 s: ${waitsFor}`]);
  });

  const cases: readonly (readonly [
    what: string,
    accounts: readonly Answer[],
    responses: readonly (Responding | Error)[],
    code: SelftestErrorCode,
    message: RegExp,
    seconds: number,
  ])[] = [
    ['a pod that stays as it is', [identity], [untouched], 'ERR_SELFTEST_NOT_INJECTED', /without an AWS identity/, 29],
    [
      'no account',
      [absent('service_account_not_found')],
      [],
      'ERR_SELFTEST_ACCOUNT_MISSING',
      /^there is no service account shop\/cart: create it with the annotation eks\.amazonaws\.com\/role-arn/,
      0,
    ],
    [
      'no role',
      [absent('no_role_annotation')],
      [],
      'ERR_SELFTEST_NO_ROLE',
      /has no role-arn annotation.*give it a role/,
      0,
    ],
    ['a blank role', [absent('blank_role_annotation')], [], 'ERR_SELFTEST_NO_ROLE', /is blank/, 0],
    [
      'an account that opts all containers out',
      [{ ...identity, options: { includedContainers: new Set<string>() } }],
      [],
      'ERR_SELFTEST_OPTED_OUT',
      /leave no container/,
      0,
    ],
    [
      'an account that may not be read',
      [forbidden],
      [],
      'ERR_SELFTEST_ACCOUNT_UNREADABLE',
      /answered 403: no\. The account that runs the self-test needs the rights of manifests\/rbac-selftest\.yaml/,
      4,
    ],
    [
      'an API server that is away',
      [{ ...forbidden, message: 'cannot read it', detail: 'ECONNREFUSED' }],
      [],
      'ERR_SELFTEST_ACCOUNT_UNREADABLE',
      /^cannot read it\. ECONNREFUSED$/,
      29,
    ],
    [
      'no right to create pods',
      [identity],
      [
        refused(
          403,
          'pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "shop"',
        ),
      ],
      'ERR_SELFTEST_REFUSED',
      /rights of manifests\/rbac-selftest\.yaml.*\n {2}It says 403: pods is forbidden/,
      4,
    ],
    [
      'Pod Security',
      [identity],
      [refused(403, 'violates PodSecurity "restricted:latest"')],
      'ERR_SELFTEST_REFUSED',
      /restricted one/,
      0,
    ],
    [
      'a quota',
      [identity],
      [refused(403, 'exceeded quota: all, requested: pods=1')],
      'ERR_SELFTEST_REFUSED',
      /is used up/,
      0,
    ],
    [
      'a webhook that fails closed',
      [identity],
      [
        refused(
          500,
          'Internal error occurred: failed calling webhook "a": x509: certificate signed by unknown authority',
        ),
      ],
      'ERR_SELFTEST_REFUSED',
      /fails closed could not be called.*caBundle.*\n {2}It says 500: .*x509/,
      29,
    ],
    [
      'a policy',
      [identity],
      [refused(403, 'admission webhook "p" denied the request: bad image')],
      'ERR_SELFTEST_REFUSED',
      /--image/,
      0,
    ],
    [
      'no namespace',
      [identity],
      [refused(404, 'namespaces "shop" not found')],
      'ERR_SELFTEST_REFUSED',
      /no such namespace/,
      0,
    ],
    [
      'a wrong pod',
      [identity],
      [refused(422, 'Pod "x" is invalid')],
      'ERR_SELFTEST_REFUSED',
      /It says 422: Pod "x" is invalid/,
      0,
    ],
    ['a fault of the API server', [identity], [refused(503, 'etcd')], 'ERR_SELFTEST_REFUSED', /try again later/, 29],
    [
      'an answer that is no pod',
      [identity],
      [() => ({ status: 201, headers: {}, body: 'hello' })],
      'ERR_SELFTEST_NO_ANSWER',
      /expected a pod/,
      29,
    ],
    ['no answer', [identity], [new Error('socket hang up')], 'ERR_SELFTEST_NO_ANSWER', /socket hang up/, 29],
  ];
  for (const [what, accounts, responses, code, message, seconds] of cases) {
    it(`${what}: ${code}, after ${String(seconds)} of 30 s`, async () => {
      const result = await run(accounts, responses);
      assert.equal(result.error?.code, code);
      assert.match(result.error.message, message);
      assert.equal(result.seconds, seconds);
    });
  }

  it('gives a role that was just bound a moment', async () => {
    const notYet = refused(403, 'cannot create resource "pods"');
    const { error, seconds } = await run([forbidden, identity], [notYet, notYet, right]);
    assert.deepEqual([error, seconds], [undefined, 3]);
  });

  it('ends with a signal', async () => {
    const stop = new AbortController();
    const wait = async () => {
      stop.abort();
    };
    const { error, posts } = await run([identity], [untouched], {
      stop: stop.signal,
      wait,
      createPod: async (pod) => untouched(pod),
    });
    assert.deepEqual([error?.code, posts], ['ERR_SELFTEST_STOPPED', 0]);
  });
});

describe('commands/selftest', () => {
  const scope = useScope();

  /** Runs the command against an API server that has the account and gives such answers. */
  async function start(respond: Responding, flags: readonly string[] = []) {
    const seen: string[] = [];
    const account = {
      ...createAccount({ 'eks.amazonaws.com/role-arn': roleArn, secret: 'sesame' }),
      secrets: [{ name: 'hush' }],
    };
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      seen.push(`${String(request.method)} ${String(request.url)}`);
      const sent = await text(request);
      if (request.method === 'GET') {
        response.end(JSON.stringify(account));
        return;
      }
      const { status, headers, body } = respond(asObject(JSON.parse(sent)) ?? {});
      response.writeHead(status, { ...headers }).end(body);
    };
    const api = await startFakeApiServer(scope, (request, response) => void answer(request, response));
    const args = [
      'selftest',
      '-n',
      'shop',
      '--service-account',
      'cart',
      '--kube-api',
      api.url,
      '--timeout',
      '1s',
      ...flags,
    ];
    const command = parseCommandLine(args, '1.2.3');
    assert.ok(command.verb === 'selftest');
    let printed = '';
    const error = await selftest(command.values, {
      version: '1.2.3',
      environment: {},
      print: (part) => (printed += part),
      printError: () => undefined,
      stop: new AbortController().signal,
    }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { seen, printed, error };
  }

  it('reads the account and creates a pod for a dry run, and nothing else; it prints what was found', async () => {
    const { seen, printed, error } = await start((pod) => ({ ...right(pod), headers: { warning: '299 - "careful"' } }));
    assert.equal(error, undefined);
    assert.deepEqual(seen, [
      'GET /api/v1/namespaces/shop/serviceaccounts/cart',
      'POST /api/v1/namespaces/shop/pods?dryRun=All',
    ]);
    assert.match(printed, /^service account {2}shop\/cart\n/);
    assert.match(printed, /\nAPI warning {6}careful\nresult {11}injected\n$/);
  });

  it('prints what was found, and nothing else of the account, where it is not injected', async () => {
    const { printed, error } = await start(untouched);
    assert.ok(error instanceof SelftestError && error.code === 'ERR_SELFTEST_NOT_INJECTED');
    assert.match(printed, /\nresult {11}not injected\n$/);
    assert.doesNotMatch(`${printed}${error.message}`, /sesame|hush/);
  });

  it('goes by the flags of the webhook', async () => {
    const { error } = await start(right, ['--token-audience', 'other']);
    assert.ok(error instanceof SelftestError && error.code === 'ERR_SELFTEST_OTHER_IDENTITY');
    const prefixed = await start(right, ['--annotation-prefix', 'example.com']);
    assert.ok(prefixed.error instanceof SelftestError && prefixed.error.code === 'ERR_SELFTEST_NO_ROLE');
  });
});
