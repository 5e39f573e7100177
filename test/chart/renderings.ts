// The ways to install the chart that the tests go through: each source of certificates, and each preset.
import type { JsonObject } from '../../src/identity/json.ts';
import { presetNames, presetPath } from './chart.ts';
import type { Rendering } from './helm.ts';

/** What a user gives as the authority, in PEM; that it can be parsed nobody asks here. */
export const authorityPem = '-----BEGIN CERTIFICATE-----\nTUlJQ2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n';

/** Values for each source of the serving certificate. */
export const modes: Readonly<Record<'cert-manager' | 'secret' | 'self-managed', JsonObject>> = {
  'self-managed': { certificates: { mode: 'self-managed' } },
  'cert-manager': { certificates: { mode: 'cert-manager' } },
  secret: { certificates: { mode: 'secret', secretName: 'webhook-pair', caBundle: authorityPem } },
};

/** Where a preset is for another release or namespace than the documents' own. */
const placeOf: Readonly<Record<string, Rendering>> = {
  'takeover-from-go-webhook': { release: 'pod-identity-webhook', namespace: 'default' },
};

/** Returns how a preset is installed, with further values. */
export function presetRendering(name: string, values: JsonObject = {}): Rendering {
  return { files: [presetPath(name)], values, ...placeOf[name] };
}

/** Annotations by which presets have the caBundle injected, taken out again. */
const nobodyInjects: JsonObject = {
  'service.beta.openshift.io/inject-cabundle': '',
  'cert-manager.io/inject-ca-from': '',
};

/** Returns how a preset is installed with another source of the certificate than its own. */
export function presetWithMode(name: string, mode: keyof typeof modes): Rendering {
  return presetRendering(name, { ...modes[mode], webhook: { annotations: nobodyInjects } });
}

/** Everything that is off by default, on. */
const everything: JsonObject = {
  commonLabels: { team: 'platform' },
  image: { digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'registry' }],
  serviceAccount: { name: 'reader', annotations: { note: 'text' } },
  podLabels: { tier: 'control' },
  podAnnotations: { note: 'text' },
  tolerations: [{ operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  service: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'], annotations: { note: 'text' } },
  shutdownDelaySeconds: 25,
  podDisruptionBudget: { minAvailable: '50%' },
  autoscaling: { enabled: true },
  networkPolicy: {
    enabled: true,
    metricsFrom: [{ namespaceSelector: {} }],
    extraEgress: [{ ports: [{ port: 8080, protocol: 'TCP' }] }],
  },
  config: {
    awsDefaultRegion: 'eu-west-1',
    tokenExpirationSeconds: 4_294_967_296,
    composeRoleArn: true,
    watchNamespaces: true,
    respectEnvFrom: true,
    clientCaFile: '/etc/callers/ca.crt',
    clientName: 'kube-apiserver',
    maxConnections: 1_000_000,
  },
  webhook: { ephemeralContainers: true, preDeleteHook: true },
  missedPods: { keepAccountLabel: true },
  selftest: { namespace: 'payments', serviceAccountName: 'api' },
  // The dashboard, which is large, and the alerts have tests of their own.
  monitoring: { serviceMonitor: { enabled: true } },
  roleMap: { 'payments/api': { RoleARN: 'arn:aws:iam::111122223333:role/payments', TokenExpiration: 3600 } },
  extraArgs: ['--resync-period=1m'],
  extraEnv: [{ name: 'AWS_EC2_METADATA_DISABLED', value: 'true' }],
  extraVolumes: [{ name: 'callers', secret: { secretName: 'callers' } }],
  extraVolumeMounts: [{ name: 'callers', mountPath: '/etc/callers', readOnly: true }],
};

/** Returns the renderings of which a snapshot is kept, by its name. */
export function snapshotRenderings(): ReadonlyMap<string, Rendering> {
  return new Map<string, Rendering>([
    ...Object.entries(modes).map(([mode, values]) => [mode, { values }] as const),
    ['everything', { values: everything }],
    ['host-network', { values: { hostNetwork: true, rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } }],
    ...presetNames().map((name) => [`preset-${name}`, presetRendering(name)] as const),
  ]);
}
