// Tells a person at a terminal what is served and how to try it.
import type { Accounts } from '../accounts/manifest.ts';

/** What the banner tells. */
export type BannerFacts = {
  readonly version: string;
  readonly port: number;
  readonly metricsPort: number;
  /** Where the accounts come from. */
  readonly path: string;
  readonly accounts: Accounts;
};

/** A key that needs no quoting in a shell or in JSON. */
const plainKey = /^([a-z0-9.-]+)\/([a-z0-9.-]+)$/;

/** Returns a few lines: the addresses, the accounts, and a command that sends a review of a pod of one of them. */
export function formatBanner({ version, port, metricsPort, path, accounts }: BannerFacts): string {
  const withRole = [...accounts].flatMap(([key, promise]) => (promise.kind === 'identity' ? [key] : []));
  const url = `https://localhost:${String(port)}/mutate`;
  const lines = [
    `irsa-webhook ${version}`,
    `  serves    ${url}`,
    `  metrics   http://localhost:${String(metricsPort)}/metrics`,
    `  accounts  ${String(accounts.size)} in ${path}, ${String(withRole.length)} of them with a role`,
  ];
  const [, namespace, name] = withRole.map((key) => plainKey.exec(key)).find((match) => match !== null) ?? [];
  if (namespace !== undefined && name !== undefined) {
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'try-it',
        operation: 'CREATE',
        namespace,
        object: { spec: { serviceAccountName: name, containers: [{ name: 'app' }] } },
      },
    };
    lines.push(
      '',
      `Send it a pod of ${namespace}/${name}, from another terminal:`,
      '',
      `  curl -sk ${url} -H 'Content-Type: application/json' -d '${JSON.stringify(review)}'`,
    );
  }
  return `${lines.join('\n')}\n\n`;
}
