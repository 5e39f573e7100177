// The image as a process: under the rights that a restricted pod has, by the entry point and by the Go webhook's command.
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { asObject, asString, type JsonObject } from '../../../src/identity/json.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { createAccount, createReview, roleArn, uid } from '../../admission/reviews.ts';
import { type Order, verifyAnswer } from '../../bench/right-answer.ts';
import { createPair } from '../../kubernetes/certificates.ts';
import { startFakeApiServer } from '../../kubernetes/fake-api-server.ts';
import { type Scope, useScope } from '../../kubernetes/scope.ts';
import { projectFolder } from '../../program.ts';
import { call, callMutate } from '../../server/call.ts';
import { type Container, runInImage, startInImage } from './container.ts';
import { image } from './hooks.ts';

const examples = join(projectFolder, 'manifests', 'examples');

/** Without a cluster, with the accounts of manifests/examples. */
const alone = {
  args: ['serve', '--self-signed', '--service-accounts', '/accounts', '--shutdown-delay', '0'],
  mounts: { '/accounts': examples },
};

async function portsOf(container: Container): Promise<{ readonly port: number; readonly metricsPort: number }> {
  const [, port, metricsPort] = await container.logged(/"port":(\d+),"metricsPort":(\d+),"message":"listening"/);
  return { port: Number(port), metricsPort: Number(metricsPort) };
}

/** The review of the pod in manifests/examples. */
async function exampleOrder(): Promise<Order> {
  const pod = asObject(parse(await readFile(join(examples, 'pod.yaml'), 'utf8'))) ?? {};
  const review = createReview({ namespace: 'default', name: 's3-reader', object: pod });
  return { uid, review, outcome: 'injected', roleArn: 'arn:aws:iam::111122223333:role/s3-reader' };
}

/** Sends a review without looking at the certificate, which is made in memory here. */
async function post(port: number, review: JsonObject): Promise<{ readonly status: number; readonly body: string }> {
  const request = https.request({
    host: '127.0.0.1',
    port,
    path: '/mutate',
    method: 'POST',
    agent: false,
    rejectUnauthorized: false,
    headers: { 'Content-Type': 'application/json' },
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject).end(JSON.stringify(review));
  });
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/** An API server that knows the account shop/cart. */
async function startApiServer(scope: Scope): Promise<string> {
  const account = createAccount({ 'eks.amazonaws.com/role-arn': roleArn });
  const { url } = await startFakeApiServer(scope, (request, response) => {
    if (request.url?.includes('watch=') === true) return response.writeHead(200).flushHeaders();
    const listed = { kind: 'ServiceAccountList', metadata: { resourceVersion: '1' }, items: [account] };
    return response.end(JSON.stringify(request.url?.includes('limit=') === true ? listed : account));
  });
  return url;
}

describe('the image as a process', () => {
  const scope = useScope();

  it('serves a review by its entry point, as 65532, on a root file system that cannot be written, and ends with 0', async () => {
    const { entrypoint } = image();
    const command = [...entrypoint, ...alone.args, '--port=0', '--metrics-port=0'];
    const container = await startInImage(image(), 'by-entry-point', { command, mounts: alone.mounts });
    const { port, metricsPort } = await portsOf(container);
    const order = await exampleOrder();
    verifyAnswer(await post(port, order.review), order);
    assert.equal((await call({ port: metricsPort }, '/readyz')).status, 200);
    assert.match((await call({ port: metricsPort }, '/metrics')).body, /^process_resident_memory_bytes [1-9]/m);

    const status = await container.status();
    assert.equal(status.get('Uid'), '65532\t65532\t65532\t65532');
    assert.equal(status.get('Gid'), '65532\t65532\t65532\t65532');
    assert.deepEqual([status.get('CapPrm'), status.get('CapEff')], ['0'.repeat(16), '0'.repeat(16)]);
    assert.equal(status.get('NoNewPrivs'), '1');
    assert.match(status.get('NSpid') ?? '', /\t1$/, 'it is process 1');
    // The mount of its root: the fifth field is where, the sixth how.
    assert.match(await container.mounts(), /^(?:\S+ ){4}\/ ro,/m);
    assert.equal(await container.terminate(), 'exit code 0');
    assert.match(await container.log(), /"message":"stopped"\}\n$/);
  });

  it('serves a review by /webhook with the arguments of the Go webhook, and a certificate from a mounted Secret', async () => {
    const certificates = await scope.folder();
    const { cert, key } = await createPair(['localhost']);
    await writeFile(join(certificates, 'tls.crt'), cert);
    await writeFile(join(certificates, 'tls.key'), key);
    // A kubelet gives the files of a Secret to all users of the pod.
    await chmod(certificates, 0o755);
    const goArguments = [
      '--in-cluster=false',
      '--namespace=default',
      '--service-name=pod-identity-webhook',
      '--annotation-prefix=eks.amazonaws.com',
      '--token-audience=sts.amazonaws.com',
      '--logtostderr',
      '--v=5',
      `--kube-api=${await startApiServer(scope)}`,
      '--port=0',
      '--metrics-port=0',
      '--shutdown-delay=0',
    ];
    const container = await startInImage(image(), 'by-webhook', {
      command: ['/webhook', ...goArguments],
      mounts: { '/etc/webhook/certs': certificates },
    });
    const { port } = await portsOf(container);
    await container.logged(/service accounts listed; ready/);
    const order: Order = { uid, review: createReview(), outcome: 'injected', roleArn };
    verifyAnswer(await callMutate({ port, ca: cert }, order.review), order);
    assert.equal(await container.terminate(), 'exit code 0');
  });

  it('takes port 443 where the container runtime gives such ports to all, as containerd 2 does', async () => {
    const command = ['/webhook', ...alone.args];
    const container = await startInImage(image(), 'port-443', { command, mounts: alone.mounts, firstFreePort: 0 });
    assert.deepEqual(await portsOf(container), { port: 443, metricsPort: 9999 });
    assert.equal(await container.terminate(), 'exit code 0');
  });

  it('says that it may not take port 443 elsewhere, and ends with 1', async () => {
    const command = ['/webhook', ...alone.args];
    const started = runInImage(image(), { command, mounts: alone.mounts, firstFreePort: 1_024 });
    await assert.rejects(started, {
      code: 1,
      stderr: /^irsa-webhook: cannot listen on port 443 \(--port\): .*EACCES.*\n$/,
    });
  });

  it('injects by the verb mutate, for a manifest that is mounted', async () => {
    const command = ['/webhook', 'mutate', '-f', '/accounts/pod.yaml', '--service-accounts', '/accounts', '-o', 'json'];
    const pod = asObject(JSON.parse(await runInImage(image(), { command, mounts: alone.mounts })) as unknown);
    assert.equal(asString(asObject(pod?.['metadata'])?.['name']), 's3-reader');
    assert.match(JSON.stringify(pod), /"name":"AWS_ROLE_ARN","value":"arn:aws:iam::111122223333:role\/s3-reader"/);
  });

  it('tells its version', async () => {
    assert.equal(await runInImage(image(), { command: ['/webhook', '--version'] }), `${packageJson.version}\n`);
  });

  it('cannot write anywhere, not even where its user might', async () => {
    const script = `for (const path of ['/app/x', '/webhook', '/tmp/x', '/home/nonroot/x', '/accounts/x']) {
      try { fs.writeFileSync(path, ''); console.log(path + ' was written'); } catch (error) { console.log(error.code); }
    }`;
    const command = ['/nodejs/bin/node', '-e', script];
    const output = await runInImage(image(), { command, mounts: alone.mounts });
    assert.equal(output, 'EROFS\n'.repeat(5));
  });
});
