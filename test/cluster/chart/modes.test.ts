/** The chart with a certificate that others keep: cert-manager, or whoever writes the Secret. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:tls';
import { makeAuthority, makeLeaf, serviceNames } from '../../../src/certificates/make.ts';
import { chartFolder } from '../../chart/chart.ts';
import { roleArn } from '../accounts.ts';
import { podManifest } from '../pods.ts';
import { waitFor } from '../wait-for.ts';
import { type CertManager, startCertManager } from './cert-manager.ts';
import { type ChartCluster, openChartCluster, release, waitUntilServed } from './chart-cluster.ts';
import { compareRights } from './compare-rights.ts';
import { startPodCreation } from './pod-creation.ts';

const timeoutMs = 30_000;
const lifetimeMs = 3_600_000;
const secretName = 'serving-pair';
/** Of all installations here: install.test.ts has why. */
const quickEnd = '--set=shutdownDelaySeconds=4';

describe('the chart with a certificate of others', function () {
  this.timeout(150_000);
  let chart: ChartCluster;
  let certManager: CertManager;
  let namespace: string;

  before(async function () {
    chart = await openChartCluster(this);
    certManager = await startCertManager(chart.cluster);
    namespace = await chart.cluster.createNamespace();
    const metadata = { name: 'with-role', annotations: { 'eks.amazonaws.com/role-arn': roleArn } };
    await chart.cluster.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata });
  });

  after(async () => {
    await certManager.stop();
    await chart.stop();
  });

  async function helm(verb: string, ...rest: readonly string[]): Promise<string> {
    return chart.helm(verb, release, ...rest, '--namespace', release, '--timeout', '2m');
  }

  /** Installs, tests, changes and removes the chart with these values; labelled pods are created from when it serves. */
  async function live(values: readonly string[], whileServing: () => Promise<void>): Promise<void> {
    const flags = [quickEnd, ...values, '--wait'];
    await helm('install', chartFolder, '--create-namespace', ...flags);
    await waitUntilServed(chart);
    await waitFor('a pod that is injected', isInjectedNow, timeoutMs);
    const kind = { namespace, account: 'with-role', isRequired: true, perSecond: 5 };
    const creation = startPodCreation(chart.cluster, kind);
    try {
      assert.match(await helm('test'), /result +injected/);
      await helm('upgrade', chartFolder, ...flags, '--set=podAnnotations.changed=yes');
      await whileServing();
      await helm('uninstall', '--wait');
      await waitFor('the last replica to end', () => chart.kubelet.workers().length === 0 || undefined, timeoutMs);
    } finally {
      const attempts = await creation.stop();
      const refused = attempts.filter(({ refusal }) => refusal !== undefined);
      process.stdout.write(`      ${String(attempts.length)} creates, ${String(refused.length)} refused\n`);
      assert.deepEqual(refused, []);
    }
    assert.deepEqual(chart.kubelet.faults, []);
    assert.deepEqual(chart.proxy.faults, []);
  }

  async function checkRights(): Promise<void> {
    // An account that names no role is read live each time.
    await chart.cluster.create(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, podManifest('default'));
    const { used, granted, forbidden } = await compareRights(chart);
    assert.deepEqual(forbidden, []);
    assert.deepEqual(used, granted);
  }

  async function isInjectedNow(): Promise<true | undefined> {
    const kind = { namespace, account: 'with-role', isRequired: true, perSecond: 1 };
    const [attempt] = await startPodCreation(chart.cluster, kind).stop();
    return attempt?.isInjected === true || undefined;
  }

  /** Returns the serial numbers of what the replicas serve now. */
  async function servedSerials(): Promise<ReadonlySet<string>> {
    const serials = new Set<string>();
    for (const worker of chart.kubelet.workers()) {
      const socket = connect({ host: '127.0.0.1', port: worker.portOf('https') ?? 0, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      serials.add(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    }
    return serials;
  }

  it('of cert-manager is installed, tested, upgraded and removed', async () => {
    await live(['--set=certificates.mode=cert-manager'], checkRights);
    assert.deepEqual(certManager.faults, []);
  });

  it('of an existing Secret is too, and follows the Secret', async () => {
    const signer = await makeAuthority({ nowMs: Date.now(), lifetimeMs });
    const makePair = async () => {
      const names = serviceNames(release, release);
      const { pair, certificate } = await makeLeaf({ signer, nowMs: Date.now(), lifetimeMs, names });
      const secret = { type: 'kubernetes.io/tls', stringData: { 'tls.crt': pair.cert, 'tls.key': pair.key } };
      return { secret: { metadata: { name: secretName }, ...secret }, serial: certificate.serialNumber };
    };
    const secrets = `/api/v1/namespaces/${release}/secrets`;
    await chart.cluster.create(secrets, (await makePair()).secret);
    const authorityPath = path.join(chart.cluster.directory, 'authority.pem');
    await writeFile(authorityPath, signer.cert);
    const values = ['--set=certificates.mode=secret', `--set=certificates.secretName=${secretName}`];
    await live([...values, `--set-file=certificates.caBundle=${authorityPath}`], async () => {
      const { secret, serial } = await makePair();
      await chart.cluster.patch(`${secrets}/${secretName}`, secret);
      const isServed = async (): Promise<true | undefined> => {
        const serials = await servedSerials();
        return (serials.size === 1 && serials.has(serial)) || undefined;
      };
      await waitFor('the new certificate to be served', isServed, timeoutMs);
      await checkRights();
    });
  });

  it('is changed for a self-managed one', async () => {
    await live(['--set=certificates.mode=cert-manager'], async () => {
      // The caBundle holds the authority of another source, so that the new one waits for so long; by default a minute.
      const quickSpread = '--set=certificates.selfManaged.caPropagationDelay=5s';
      await helm('upgrade', chartFolder, quickEnd, quickSpread, '--wait');
      const args = chart.kubelet.workers().map(({ pod }) => pod.spec.containers[0].args ?? []);
      assert.ok(args.some((flags) => flags.includes('--in-cluster=true')));
    });
  });
});
