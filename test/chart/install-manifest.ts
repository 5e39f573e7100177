// The plain manifests: what the chart renders with its own values, for kubectl and kustomize.
import { renderText } from './helm.ts';

const namespace = 'irsa-webhook';

/** By it policies are among the manifests, and nothing that needs a later version. */
const oldestVersion = '1.30.0';

const opening = `# All that the webhook needs, with its own certificate authority: kubectl apply --server-side -f install.yaml
# Rendered from the chart in helm/irsa-webhook with its default values by npm run chart; change it there.
---
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/** Returns the text of install.yaml. */
export function installManifest(): string {
  const rendered = renderText({ namespace, kubeVersion: oldestVersion, skipTests: true });
  return opening + withoutHelm(rendered);
}

/** Labels by which helm would take the objects for its own, and where each comes from, are left out. */
function withoutHelm(manifests: string): string {
  return manifests
    .split('\n')
    .filter((line) => !/^ +(?:app\.kubernetes\.io\/managed-by|helm\.sh\/chart): |^# Source: /.test(line))
    .join('\n');
}

/** The kustomize base. */
export const kustomization = `# A base for kustomize; docs/kustomize is an overlay. Rendered by npm run chart.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [install.yaml]
`;
