/** The serving pair is swapped, as the kubelet does, while pods are created: the suite, in a short and in a long form. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { connect } from 'node:tls';
import { createPair, type Pair } from '../kubernetes/certificates.ts';
import { createAccount, roleArn } from './accounts.ts';
import { enforce } from './enforce.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { createKubeletFolder, type KubeletFolder, type MountedPair } from './kubelet-folder.ts';
import { describeLoad, startPodLoad } from './pod-load.ts';
import { waitFor } from './wait-for.ts';
import { metricOf } from './webhook-metrics.ts';
import { createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

const names = ['127.0.0.1', 'localhost'];
const takenOverTimeoutMs = 10_000;
const refusals = 'irsa_webhook_certificate_file_loads_total{file="serving_pair",result="refused"}';

const serialOf = ({ cert }: Pair): string => new X509Certificate(cert).serialNumber;

/** Describes the suite; every tenth swap brings a pair that cannot serve. */
export function describeFileSwap({ swaps }: { readonly swaps: number }): void {
  describe(`${String(swaps)} swaps of the serving pair`, function () {
    this.timeout(120_000 + swaps * 2_000);
    let namespace: string;
    let webhook: WebhookProcess;
    let authority: Pair;
    let folder: KubeletFolder;
    let served: Pair;

    before(async function () {
      needOwnControlPlane(this);
      namespace = await cluster().createNamespace();
      await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
      authority = await createPair([]);
      served = await createPair(names, authority);
      folder = await createKubeletFolder(path.join(cluster().directory, `mounted-${namespace}`), served);
      const account = await createWebhookAccount(cluster(), namespace);
      webhook = await startWebhook(cluster(), { account, hosts: [], pair: { ...folder, authority: authority.cert } });
      await enforce(webhook, namespace);
    });

    after(async () => {
      if (cluster().controlPlane !== undefined) await webhook.stop();
    });

    /** The serial number in a handshake that verifies by the authority. */
    async function servedSerial(): Promise<string> {
      const socket = connect({ port: webhook.port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert });
      await once(socket, 'secureConnect');
      const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
      socket.destroy();
      return serial;
    }

    async function swapGood(): Promise<void> {
      served = await createPair(names, authority);
      await folder.swap(served);
      const isServed = async (): Promise<true | undefined> => (await servedSerial()) === serialOf(served) || undefined;
      await waitFor('the new pair to be served', isServed, takenOverTimeoutMs);
    }

    async function swapTorn(pair: MountedPair): Promise<void> {
      const before = await metricOf(webhook, refusals);
      await folder.swap(pair);
      const isRefused = async (): Promise<true | undefined> =>
        (await metricOf(webhook, refusals)) > before || undefined;
      await waitFor('the torn pair to be refused', isRefused, takenOverTimeoutMs);
      assert.equal(await servedSerial(), serialOf(served), 'the last good pair is served');
      assert.equal((await webhook.health('/readyz')).status, 200);
    }

    it('no create fails, each good pair is served, and a torn one leaves the last good one', async () => {
      const other = await createPair(names, authority);
      const tornOnes: readonly (() => MountedPair)[] = [
        () => ({ cert: other.cert, key: served.key }),
        () => ({ cert: '', key: '' }),
        () => ({ cert: other.cert.slice(0, 200), key: other.key }),
        () => ({ cert: other.cert }),
        () => ({}),
      ];
      const serials = new Set<string>();
      const load = startPodLoad({ namespace, account: 'with-role', perSecond: 20, burst: 40 });
      for (let swap = 0; swap < swaps; swap += 1) {
        const torn = swap % 10 === 9 ? tornOnes[((swap - 9) / 10) % tornOnes.length] : undefined;
        await (torn ? swapTorn(torn()) : swapGood());
        serials.add(await servedSerial());
      }
      const result = await load.stop();
      const torn = Math.floor(swaps / 10);
      process.stdout.write(
        `      ${String(swaps)} swaps, ${String(torn)} torn, ${String(serials.size)} pairs served; ${describeLoad(result)}\n`,
      );
      assert.deepEqual(result.failures, []);
      assert.equal(serials.size, swaps - torn);
      assert.ok(result.created > 0);
    });
  });
}
