// The real AWS SDK for JavaScript reads what the program gives a pod, through its default provider chain.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import type { AddOperation } from '../../src/injection/operations.ts';
import { createPod, createReview } from '../admission/reviews.ts';
import { applyOperations } from '../injection/apply.ts';
import { type Scope, useScope } from '../kubernetes/scope.ts';
import { portsOf, startProgram } from '../program.ts';
import { callMutate } from '../server/call.ts';
import { servingPair } from '../server/serving-pair.ts';
import { runContainer } from './kubelet.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { accessKeyOf, type LoopbackSts, startLoopbackSts } from './loopback-sts.ts';

const prefix = 'eks.amazonaws.com';
const roleArn = 'arn:aws:iam::111122223333:role/cart';
const otherRoleArn = 'arn:aws:iam::111122223333:role/mailer';
const targetRoleArn = 'arn:aws:iam::444455556666:role/target';

type Given = {
  readonly annotations: Readonly<Record<string, string>>;
  readonly pod?: JsonObject;
  readonly flags?: readonly string[];
  readonly mountPath?: string;
  /** Of what STS answers with. */
  readonly credentialLifetimeMs?: number;
};

describe('the AWS SDK for JavaScript', function () {
  this.timeout(30_000);
  const scope = useScope();

  it('assumes the role of the annotation with the token from the file', async () => {
    const { run, sts } = await admit(scope, { annotations: { 'role-arn': roleArn } });
    const application = await run('app', 'token-1');
    assert.equal(await application.accessKeyId(), accessKeyOf(roleArn));
    assert.deepEqual(sts.calls.map(plainCall), [
      { action: 'AssumeRoleWithWebIdentity', roleArn, webIdentityToken: 'token-1' },
    ]);
  });

  for (const [kind, annotations, actions] of [
    ['its role', { 'role-arn': roleArn }, ['AssumeRoleWithWebIdentity']],
    [
      'a target role',
      { 'role-arn': roleArn, 'target-role-arn': targetRoleArn },
      ['AssumeRoleWithWebIdentity', 'AssumeRole'],
    ],
  ] as const) {
    it(`sends the token that the kubelet has renewed, once the credentials of ${kind} have expired`, async () => {
      const { run, sts } = await admit(scope, { annotations, credentialLifetimeMs: -1000 });
      const application = await run('app', 'token-1');
      await application.accessKeyId();
      const before = sts.calls.length;
      await application.renewToken('token-2');
      await application.accessKeyIdAgain();
      const after = sts.calls.slice(before);
      assert.deepEqual(
        after.map(({ action }) => action),
        actions,
      );
      assert.equal(after[0]?.webIdentityToken, 'token-2');
    });
  }

  it('keeps credentials that have not expired', async () => {
    const { run, sts } = await admit(scope, { annotations: { 'role-arn': roleArn } });
    const application = await run('app', 'token-1');
    await application.accessKeyId();
    assert.equal(await application.accessKeyIdAgain(), accessKeyOf(roleArn));
    assert.equal(sts.calls.length, 1);
  });

  for (const [asked, expected] of [
    ['pod', 'cart-0'],
    ['service-account', 'shop.cart'],
    ['nightly-report', 'nightly-report'],
  ] as const) {
    it(`names its session as the annotation asks: ${asked}`, async () => {
      const annotations = { 'role-arn': roleArn, 'role-session-name': asked };
      const { run, sts } = await admit(scope, { annotations });
      await (await run('app', 'token-1')).accessKeyId();
      assert.equal(sts.calls[0]?.roleSessionName, expected);
    });
  }

  it('finds the token in the second volume and at the second path where both usual places are taken', async () => {
    const folder = await scope.folder();
    const mountPath = join(folder, 'token');
    const pod = createPod({
      volumes: [
        { name: 'aws-iam-token', emptyDir: {} },
        { name: 'other', emptyDir: {} },
      ],
      containers: [{ name: 'app', volumeMounts: [{ name: 'other', mountPath }] }],
    });
    const { run, sts } = await admit(scope, { annotations: { 'role-arn': roleArn }, pod, mountPath });
    assert.equal(await (await run('app', 'token-1')).accessKeyId(), accessKeyOf(roleArn));
    assert.equal(sts.calls[0]?.webIdentityToken, 'token-1');
  });

  it('assumes the role of each container', async () => {
    const annotations = { 'role-arn': roleArn, 'container-roles': JSON.stringify({ mailer: otherRoleArn }) };
    const pod = createPod({ containers: [{ name: 'app' }, { name: 'mailer' }] });
    const { run } = await admit(scope, { annotations, pod });
    assert.equal(await (await run('app', 'token-1')).accessKeyId(), accessKeyOf(roleArn));
    assert.equal(await (await run('mailer', 'token-1')).accessKeyId(), accessKeyOf(otherRoleArn));
  });

  it('goes on to the target role with the credentials of the first one', async () => {
    const annotations = {
      'role-arn': roleArn,
      'target-role-arn': targetRoleArn,
      'target-external-id': 'shop/42',
      'role-session-name': 'service-account',
    };
    const { run, sts } = await admit(scope, { annotations });
    assert.equal(await (await run('app', 'token-1')).accessKeyId(), accessKeyOf(targetRoleArn));
    const roleSessionName = 'shop.cart';
    assert.deepEqual(sts.calls.map(definedOf), [
      { action: 'AssumeRoleWithWebIdentity', roleArn, webIdentityToken: 'token-1', roleSessionName },
      {
        action: 'AssumeRole',
        roleArn: targetRoleArn,
        externalId: 'shop/42',
        roleSessionName,
        signedBy: accessKeyOf(roleArn),
      },
    ]);
  });

  it('asks the agent of the node, with the token from the file, where the account has container credentials', async () => {
    const agent = await startAgent(scope);
    const folder = await scope.folder();
    const listed = { identities: [{ namespace: 'shop', serviceAccount: 'cart' }] };
    await writeFile(join(folder, 'credentials.json'), JSON.stringify(listed));
    const flags = [
      `--watch-container-credentials-config=${join(folder, 'credentials.json')}`,
      `--container-credentials-full-uri=${agent.url}`,
      `--container-credentials-token-mount-path=${join(folder, 'agent')}`,
    ];
    const { run, sts } = await admit(scope, { annotations: { 'role-arn': roleArn }, flags });
    assert.equal(await (await run('app', 'agent-token')).accessKeyId(), 'KEY-OF-THE-AGENT');
    assert.deepEqual(agent.authorizations, ['agent-token']);
    assert.deepEqual(sts.calls, []);
  });
});

type Application = {
  readonly accessKeyId: () => Promise<string>;
  readonly accessKeyIdAgain: () => Promise<string>;
  readonly renewToken: (token: string) => Promise<void>;
};

/** Has the built program decide a pod of the account shop/cart; `run` starts an application in one of its containers. */
async function admit(
  scope: Scope,
  { annotations, pod = createPod(), flags = [], mountPath, credentialLifetimeMs }: Given,
): Promise<{ readonly run: (container: string, token: string) => Promise<Application>; readonly sts: LoopbackSts }> {
  const folder = await scope.folder();
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: 'cart',
      namespace: 'shop',
      annotations: Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`${prefix}/${name}`, value])),
    },
  };
  await writeFile(join(folder, 'accounts.json'), JSON.stringify(account));
  const { key, cert } = await servingPair();
  await writeFile(join(folder, 'key.pem'), key);
  await writeFile(join(folder, 'cert.pem'), cert);
  const program = startProgram(scope, [
    `--service-accounts=${join(folder, 'accounts.json')}`,
    '--in-cluster=false',
    `--tls-key=${join(folder, 'key.pem')}`,
    `--tls-cert=${join(folder, 'cert.pem')}`,
    `--token-mount-path=${mountPath ?? join(folder, 'token')}`,
    '--aws-default-region=eu-west-1',
    '--port=0',
    '--metrics-port=0',
    ...flags,
  ]);
  const { port } = await portsOf(program);
  const answer = await callMutate({ port, ca: cert }, createReview({ object: pod }));
  const patched = asObject(applyOperations(pod, operationsIn(answer.body))) ?? {};
  const sts = await startLoopbackSts(scope, credentialLifetimeMs);
  return {
    sts,
    run: async (container, token) => {
      const { environment, renewToken } = await runContainer(patched, container, token);
      const home = await scope.folder();
      return { ...startApplication(scope, { ...environment, ...loopback(sts.url), HOME: home }), renewToken };
    },
  };
}

function operationsIn(body: string): AddOperation[] {
  const response = asObject(asObject(JSON.parse(body))?.['response']);
  const patch: unknown = JSON.parse(Buffer.from(asString(response?.['patch']) ?? '', 'base64').toString());
  return (asArray(patch) ?? []).map((entry) => {
    const { path, value } = asObject(entry) ?? {};
    return { op: 'add', path: asString(path) ?? '', value };
  });
}

/** What a test's machine needs besides; nothing of it names credentials. */
function loopback(stsUrl: string): Record<string, string> {
  return { AWS_ENDPOINT_URL_STS: stsUrl, AWS_EC2_METADATA_DISABLED: 'true' };
}

function startApplication(
  scope: Scope,
  environment: Readonly<Record<string, string>>,
): Pick<Application, 'accessKeyId' | 'accessKeyIdAgain'> {
  const file = fileURLToPath(new URL('resolve-credentials.ts', import.meta.url));
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(process.execPath, [file], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  scope.onEnd(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const accessKeyId = async (): Promise<string> => {
    const line = await lines.next();
    return line.done === true ? 'the application ended' : line.value;
  };
  return {
    accessKeyId,
    accessKeyIdAgain: async () => {
      child.stdin.write('again\n');
      return accessKeyId();
    },
  };
}

/** An agent as EKS Pod Identity has it: credentials for whoever brings a token. */
async function startAgent(scope: Scope): Promise<{ readonly url: string; readonly authorizations: readonly string[] }> {
  const authorizations: string[] = [];
  const url = await startLoopbackServer(scope, (request, response) => {
    authorizations.push(request.headers.authorization ?? '');
    const expiration = new Date(Date.now() + 3_600_000).toISOString();
    const credentials = { AccessKeyId: 'KEY-OF-THE-AGENT', SecretAccessKey: 'secret', Token: 'session' };
    response.end(JSON.stringify({ ...credentials, Expiration: expiration, AccountId: '111122223333' }));
  });
  return { url: `${url}/v1/credentials`, authorizations };
}

type Call = LoopbackSts['calls'][number];

/** What a call has, without what it has not. */
function definedOf(call: Call): Partial<Call> {
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined));
}

/** As above, without the session's name, which the SDK makes up. */
function plainCall(call: Call): Partial<Call> {
  return definedOf({ ...call, roleSessionName: undefined });
}
