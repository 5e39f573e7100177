/** Tests that the cluster of these tests is a real one: controllers, admission, tokens, authorization and audit at work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import path from 'node:path';
import type { AuditEvent } from './audit-log.ts';
import type { Binaries } from './binaries.ts';
import { findBinaries } from './binaries.ts';
import { connect } from './connection.ts';
import { startControlPlane } from './control-plane.ts';
import { freePort } from './free-port.ts';
import type { GuardedRun } from './guarded-run.ts';
import { startGuardedRun } from './guarded-run.ts';
import { cluster } from './hooks.ts';
import type { ObjectList } from './objects.ts';
import { waitFor } from './wait-for.ts';

const controllerTimeoutMs = 30_000;

type Pod = {
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { readonly kind: string }[] };
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly volumes?: readonly { readonly name: string; readonly projected?: object }[];
  };
};

type SelfSubjectReview = { readonly status: { readonly userInfo: { readonly username: string } } };

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

const selfSubjectReview = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

async function podOwnedBy(kind: string, namespace: string): Promise<Pod> {
  const probe = async (): Promise<Pod | undefined> => {
    const { items } = await cluster().get<ObjectList<Pod>>(`/api/v1/namespaces/${namespace}/pods`);
    return items.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.kind === kind));
  };
  return waitFor(`a pod owned by a ${kind} in ${namespace}`, probe, controllerTimeoutMs);
}

async function usernameOf(token: string): Promise<string> {
  const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { status } = await cluster().create<SelfSubjectReview>(reviews, selfSubjectReview, { token });
  return status.userInfo.username;
}

describe('the cluster', () => {
  let namespace: string;

  before(async () => {
    namespace = await cluster().createNamespace();
    await cluster().createFromYaml(await readFile(path.join(import.meta.dirname, 'workloads.yaml'), 'utf8'), namespace);
  });

  it("creates a Deployment's pod, which the ServiceAccount admission plugin gives an account and its token", async () => {
    const { spec } = await podOwnedBy('ReplicaSet', namespace);
    assert.equal(spec.serviceAccountName, 'default');
    const volume = spec.volumes?.find(({ name }) => name.startsWith('kube-api-access-'));
    assert.ok(volume?.projected, `expected a projected kube-api-access volume, got ${JSON.stringify(spec.volumes)}`);
  });

  it("creates a Job's pod", async () => {
    await podOwnedBy('Job', namespace);
  });

  it('lets a requested token authenticate as its service account', async () => {
    const token = await cluster().tokenFor(namespace, 'default');
    assert.equal(await usernameOf(token), `system:serviceaccount:${namespace}:default`);
  });

  it('refuses what no role allows', async () => {
    const token = await cluster().tokenFor(namespace, 'default');
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    await assert.rejects(cluster().get(secrets, { token }), { code: 'ERR_CLUSTER_REQUEST', status: 403 });
    await cluster().get(secrets);
  });

  it('refuses a token for another audience', async () => {
    const token = await cluster().tokenFor(namespace, 'default', { audiences: ['sts.amazonaws.com'] });
    await assert.rejects(usernameOf(token), { code: 'ERR_CLUSTER_REQUEST', status: 401 });
  });

  it('passes on what the API server says about a fault', async () => {
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await assert.rejects(
      cluster().create(pods, { metadata: { name: 'Upper' } }),
      /POST .*\/pods: 422: Pod "Upper" is invalid/,
    );
  });

  it('passes on warnings', async () => {
    const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments?fieldValidation=Warn&dryRun=All`;
    const { warnings } = await cluster().request('POST', deployments, { unheardOf: '"quoted"' });
    assert.deepEqual(warnings, ['unknown field "unheardOf"']);
  });

  it('writes kubeconfigs for a token and for a file that holds one', async () => {
    const token = await cluster().tokenFor(namespace, 'default');
    const connection = await connect(await cluster().kubeconfigFor({ token }));
    const { status } = await connection.request('GET', `/api/v1/namespaces/${namespace}/secrets`);
    connection.close();
    assert.equal(status, 403, 'the token is what authenticates');

    const tokenFile = path.join(cluster().directory, 'token');
    await writeFile(tokenFile, token);
    const kubeconfig = await readFile(await cluster().kubeconfigFor({ tokenFile }), 'utf8');
    assert.match(kubeconfig, new RegExp(`^ +tokenFile: ${tokenFile}$`, 'm'));
  });

  it('logs the writes on pods for auditors', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    await podOwnedBy('Job', namespace);
    const isCreation = ({ verb, objectRef, user }: AuditEvent): boolean =>
      verb === 'create' &&
      objectRef?.resource === 'pods' &&
      objectRef.namespace === namespace &&
      user.username === 'system:serviceaccount:kube-system:job-controller';
    const probe = async (): Promise<AuditEvent | undefined> => (await controlPlane.readAuditLog()).find(isCreation);
    const event = await waitFor(`the audit event of the Job's pod in ${namespace}`, probe, controllerTimeoutMs);
    assert.equal(event.responseStatus?.code, 201);
  });

  it('goes on after a restart of the API server', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    const before = controlPlane.pids.get('kube-apiserver');
    await controlPlane.restartApiServer();
    assert.notEqual(controlPlane.pids.get('kube-apiserver'), before);
    await cluster().get(`/api/v1/namespaces/${namespace}`);
  });
});

describe('startControlPlane', () => {
  let binaries: Binaries;
  /** Undefined where the binaries are missing, as on someone's cluster. */
  let run: GuardedRun | undefined;
  let squatter: Server;

  before(async () => {
    squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
  });

  after(() => squatter.close());

  beforeEach(async function () {
    const found = findBinaries(process.env);
    if ('reason' in found) return this.skip();
    binaries = found.binaries;
    run = await startGuardedRun();
  });

  afterEach(async () => run?.end());

  function requireRun(): GuardedRun {
    assert.ok(run);
    return run;
  }

  it('tries another port when somebody has taken the first', async () => {
    const taken = portOf(squatter);
    const ports = [taken, await freePort()];
    const choosePort = async (): Promise<number> => ports.shift() ?? freePort();
    const { kubeconfigPath } = await startControlPlane(requireRun(), { binaries, choosePort });
    assert.deepEqual(ports, [], 'both were tried');
    const { origin, close } = await connect(kubeconfigPath);
    close();
    assert.notEqual(origin, `https://127.0.0.1:${taken}`);
  });

  it('shows the end of the log of a component that fails', async () => {
    const started = startControlPlane(requireRun(), { binaries, apiServerFlags: ['--no-such-flag'] });
    await assert.rejects(started, {
      code: 'ERR_CLUSTER_START',
      message: /kube-apiserver.*exit code 1.*unknown flag: --no-such-flag/s,
    });
  });

  it('says which binary could not be started', async () => {
    const started = startControlPlane(requireRun(), { binaries: { ...binaries, etcd: '/nonexistent/etcd' } });
    await assert.rejects(started, { code: 'ERR_CLUSTER_START', message: /\/nonexistent\/etcd.*ENOENT/ });
  });
});
