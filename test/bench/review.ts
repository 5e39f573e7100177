// Reviews as an API server sends them for pods of a Deployment: about 7 KB with two containers, two fifths of it managedFields.
import type { AccountRef } from '../../src/identity/account-ref.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import { managedFieldsOf } from './managed-fields.ts';

/** What differs from one review to the next. */
export type BenchReviewParts = {
  readonly account?: AccountRef;
  /** Two by default. */
  readonly containers?: number;
  readonly uid?: string;
  readonly isOptedOut?: boolean;
};

/** As admission adds it to each pod, before webhooks are asked. */
const tokenVolume = {
  name: 'kube-api-access-x7k2p',
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ],
    defaultMode: 420,
  },
};

/** Returns the review of a new pod, by default of the account shop/cart. */
export function benchReview(parts: BenchReviewParts = {}): JsonObject {
  const { account = { namespace: 'shop', name: 'cart' }, containers = 2, isOptedOut = false } = parts;
  const { uid = '705ab4f5-6393-11e8-b7cc-42010a800002' } = parts;
  const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 10, failureThreshold: 3 };
  const container = (name: string, mounts: readonly JsonObject[]): JsonObject => ({
    name,
    image: `registry.example.com/shop/${name}@sha256:${'0123456789abcdef'.repeat(4)}`,
    args: ['--listen=:8080', '--log-format=json', '--feature-gates=Checkout=true,Discount=false'],
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    env: Array.from({ length: 4 }, (_, index) => ({
      name: `SETTING_${String(index)}`,
      value: `value of setting ${String(index)}`,
    })),
    resources: { limits: { memory: '512Mi' }, requests: { cpu: '250m', memory: '512Mi' } },
    volumeMounts: [{ name: 'data', mountPath: '/data' }, ...mounts],
    livenessProbe: probe,
    readinessProbe: probe,
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true, allowPrivilegeEscalation: false },
  });
  const labels = {
    app: 'cart',
    'app.kubernetes.io/name': 'cart',
    'pod-template-hash': '6d4cf56db6',
    ...(isOptedOut && { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' }),
  };
  const containersWith = (mounts: readonly JsonObject[]): JsonObject[] =>
    Array.from({ length: containers }, (_, index) => container(containerName(index), mounts));
  const metadata = {
    generateName: 'cart-6d4cf56db6-',
    labels,
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'cart-6d4cf56db6',
        uid: '5f1d1b3c-7b64-4c7e-8f5c-0e4b5ac5e1a2',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  /** By the controller; the rest is what admission has added before webhooks are asked. */
  const written = {
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: containersWith([]),
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: account.name,
    serviceAccount: account.name,
    securityContext: { runAsUser: 65532, fsGroup: 65532 },
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      namespace: account.namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: '2f4bd2a5-5b1c-4f7e-9c57-6b3b7f8f5a0e',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      },
      object: {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { ...metadata, creationTimestamp: null, managedFields: managedFieldsOf(metadata, written) },
        spec: {
          ...written,
          volumes: [...written.volumes, tokenVolume],
          containers: containersWith([
            { name: tokenVolume.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
          ]),
          tolerations: [
            { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
            { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
          ],
          priority: 0,
          preemptionPolicy: 'PreemptLowerPriority',
        },
        status: {},
      },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

function containerName(index: number): string {
  return ['app', 'sidecar'][index] ?? `sidecar-${String(index)}`;
}
