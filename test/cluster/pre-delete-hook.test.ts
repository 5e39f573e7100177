/** An uninstall by Helm with the hook that removes the webhook first, on a real API server. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chartFolder } from '../chart/chart.ts';
import { needTool } from '../tools/find-tool.ts';
import { findBinary } from './binaries.ts';
import { cluster } from './hooks.ts';
import type { ObjectList } from './objects.ts';
import { waitFor } from './wait-for.ts';

const configuration = 'irsa-webhook-of-the-hook';
const admission = '/apis/admissionregistration.k8s.io/v1';
const watchTimeoutMs = 30_000;

/** Follows the configuration: one line for each change, what it was and the names of the entries. */
function followConfiguration(kubectl: string): {
  readonly child: ChildProcess;
  readonly lines: () => readonly string[];
} {
  const columns = 'custom-columns=TYPE:type,NAME:object.metadata.name,ENTRIES:object.webhooks[*].name';
  const flags = ['--watch', '--output-watch-events', '--no-headers', '--output', columns];
  const args = ['--kubeconfig', cluster().kubeconfigPath, 'get', 'mutatingwebhookconfigurations', ...flags];
  const child = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk;
  });
  const lines = () => written.split('\n').filter((line) => line.includes(` ${configuration} `));
  return { child, lines };
}

describe('an uninstall with the hook before it', () => {
  it('removes the webhook before anything else, and leaves nothing', async function () {
    const helm = needTool(this, 'helm', process.env);
    const kubectl = findBinary('kubectl', process.env);
    if (cluster().controlPlane === undefined || kubectl === undefined) return this.skip();
    const namespace = await cluster().createNamespace();
    const runHelm = (args: readonly string[], input?: string): void => {
      const target = ['--namespace', namespace, '--kubeconfig', cluster().kubeconfigPath];
      const { status, stderr } = spawnSync(helm, [...args, ...target], { input, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    };
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    const webhook = { preDeleteHook: true, name: configuration, namespaceSelector };
    runHelm(['install', 'irsa-webhook', chartFolder, '--values', '-'], JSON.stringify({ webhook }));
    const { child, lines } = followConfiguration(kubectl);
    try {
      await waitFor('the webhook to be seen', () => lines().length > 0 || undefined, watchTimeoutMs);
      runHelm(['uninstall', 'irsa-webhook']);
      const changes = await waitFor(
        'the changes to be seen',
        () => (lines().length >= 4 ? lines().map((line) => line.split(/ +/)) : undefined),
        watchTimeoutMs,
      );
      assert.deepEqual(
        changes.map(([type, , entries = '']) => [type, entries.split(',').length, entries === '<none>']),
        [
          ['ADDED', 3, false],
          ['DELETED', 3, false],
          ['ADDED', 1, true],
          ['DELETED', 1, true],
        ],
      );
    } finally {
      child.kill();
    }
    for (const resource of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) {
      const { items } = await cluster().get<ObjectList>(`${admission}/${resource}`);
      assert.ok(!items.some(({ metadata }) => metadata.name === configuration), resource);
    }
  });
});
