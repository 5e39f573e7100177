/** Writes kubeconfig files. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

/** The cluster part: where the API server is, and whom to trust (base64 of PEM, as kubeconfig wants it). */
export type KubeconfigCluster = { readonly server: string; readonly 'certificate-authority-data'?: string };

/** The ways of a kubeconfig's user to prove who it is that the tests need. */
export type KubeconfigUser =
  | { readonly token: string }
  | { readonly tokenFile: string }
  | { readonly 'client-certificate': string; readonly 'client-key': string };

/** Writes a kubeconfig of one context to `file`, readable by its owner alone. */
export async function writeKubeconfig(file: string, cluster: KubeconfigCluster, user: KubeconfigUser): Promise<void> {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  await writeFile(file, stringify(kubeconfig, { lineWidth: 0 }), { mode: 0o600 });
}
