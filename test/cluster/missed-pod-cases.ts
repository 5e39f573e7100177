/** Pods that are admitted while nobody answers, and what is to be noticed of them. */

/** A container, as far as it matters here. */
type Container = {
  readonly name: string;
  readonly env?: readonly object[];
  readonly envFrom?: readonly object[];
  readonly volumeMounts?: readonly object[];
};

/** A pod and its account; names of annotations are without their prefix. */
export type MissedPodCase = {
  readonly name: string;
  /** Undefined: the account of no role. */
  readonly account?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
  readonly volumes?: readonly object[];
  /** The first container that is noticed; undefined: nothing is. */
  readonly missed: string | undefined;
  /** Whether it is noticed with a webhook, too: the pod is in the way of its own identity. */
  readonly isStillMissed?: boolean;
};

const arn = 'arn:aws:iam::111122223333:role/app';
const role = { 'role-arn': arn };
const target = { ...role, 'target-role-arn': 'arn:aws:iam::444455556666:role/orders', region: 'eu-central-1' };
const variable = (name: string): object => ({ name, value: 'own' });
const app = { name: 'app' };
const proxy = { name: 'proxy' };
const emptyDir = (name: string): object => ({ name, emptyDir: {} });

/** Every kind of pod that the program treats in a way of its own. */
export const missedPodCases: readonly MissedPodCase[] = [
  { name: 'an account with a role', account: role, missed: 'app' },
  { name: 'an account without one', missed: undefined },
  { name: 'a blank role', account: { 'role-arn': ' \t' }, missed: undefined },
  { name: 'a role that is no ARN', account: { 'role-arn': 'team/app' }, missed: 'app' },
  { name: 'every other annotation of an account', account: otherAnnotations(), missed: 'app' },
  {
    name: 'roles of containers besides',
    account: { ...role, 'container-roles': `{"proxy": "${arn}"}` },
    missed: 'app',
  },
  { name: 'roles of containers alone', account: { 'container-roles': `{"app": "${arn}"}` }, missed: undefined },
  { name: 'an init container', account: role, initContainers: [{ name: 'setup' }], missed: 'setup' },
  {
    name: 'a sidecar that is skipped',
    account: role,
    containers: [proxy, app],
    annotations: { 'skip-containers': 'proxy' },
    missed: 'app',
  },
  {
    name: 'all that are skipped, as CSV has it',
    account: role,
    initContainers: [{ name: 'setup' }],
    containers: [proxy, app],
    annotations: { 'skip-containers': '\r\n"a,b","proxy",setup,app\r\nnot,read' },
    missed: undefined,
  },
  {
    name: 'a list of skipped ones with an open quote',
    account: role,
    annotations: { 'skip-containers': '"app' },
    missed: 'app',
  },
  {
    name: 'one of several that have no variables',
    account: role,
    containers: [{ name: 'proxy', env: [variable('AWS_ROLE_ARN')] }, app],
    missed: 'app',
  },
  {
    name: 'an account that includes others',
    account: { ...role, 'include-containers': 'proxy' },
    containers: [app],
    missed: undefined,
  },
  {
    name: 'a pod that includes more than its account',
    account: { ...role, 'include-containers': 'proxy' },
    annotations: { 'include-containers': 'app' },
    missed: 'app',
  },
  {
    name: 'a malformed list of a pod before that of its account',
    account: { ...role, 'include-containers': 'proxy' },
    annotations: { 'include-containers': 'a"pp' },
    missed: undefined,
  },
  {
    name: 'a list of included ones that is empty',
    account: role,
    annotations: { 'include-containers': '' },
    missed: undefined,
  },
  {
    name: 'credentials of its own',
    account: role,
    containers: [{ name: 'app', env: [variable('AWS_WEB_IDENTITY_TOKEN_FILE')] }],
    missed: undefined,
  },
  {
    name: 'container credentials',
    account: role,
    containers: [{ name: 'app', env: [variable('AWS_CONTAINER_CREDENTIALS_FULL_URI')] }],
    missed: undefined,
  },
  { name: 'a second role', account: target, missed: 'app' },
  {
    name: 'a second role, and a profile',
    account: target,
    containers: [{ name: 'app', env: [variable('AWS_PROFILE'), variable('AWS_CONFIG_FILE')] }],
    missed: undefined,
  },
  {
    name: 'a second role, and keys of its own',
    account: target,
    containers: [{ name: 'app', env: [variable('AWS_ACCESS_KEY_ID')] }],
    missed: undefined,
  },
  {
    name: 'a profile without a second role',
    account: role,
    containers: [{ name: 'app', env: [variable('AWS_PROFILE')] }],
    missed: 'app',
  },
  {
    name: 'a ConfigMap whose variables are not read',
    account: role,
    containers: [{ name: 'app', envFrom: [{ configMapRef: { name: 'settings' } }] }],
    missed: 'app',
  },
  { name: 'a label that opts out', account: role, labels: { 'skip-pod-identity-webhook': 'false' }, missed: undefined },
  {
    name: 'an annotation that opts out',
    account: role,
    annotations: { 'skip-pod-identity-webhook': '' },
    missed: undefined,
  },
  {
    name: 'an annotation that does not opt out',
    account: role,
    annotations: { 'skip-pod-identity-webhook': 'F' },
    missed: 'app',
  },
  {
    name: 'an annotation that is no boolean',
    account: role,
    annotations: { 'skip-pod-identity-webhook': 'maybe' },
    missed: 'app',
  },
  {
    name: 'both volumes taken',
    account: role,
    volumes: [emptyDir('aws-iam-token'), emptyDir('aws-iam-token-2')],
    missed: 'app',
    isStillMissed: true,
  },
];

/** All that an account can have besides a role, as it is written in docs/annotations.md. */
function otherAnnotations(): Readonly<Record<string, string>> {
  return {
    ...role,
    audience: 'sts.amazonaws.com.cn',
    region: 'eu-central-1',
    'role-session-name': 'pod',
    'sts-regional-endpoint': 'true',
    'sts-regional-endpoints': 'true',
    'token-expiration': '3600',
    'use-dualstack-endpoint': 'true',
    'use-fips-endpoint': 'true',
  };
}

/** Returns the account of a case. */
export function accountOf({ account = {} }: MissedPodCase, name: string, prefix: string): object {
  return { metadata: { name, annotations: prefixed(account, prefix) } };
}

/** Returns the pod of a case. */
export function podOf(podCase: MissedPodCase, serviceAccountName: string, prefix: string): object {
  const { annotations = {}, labels = {}, initContainers = [], containers = [app], volumes = [] } = podCase;
  const image = 'registry.invalid/app';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'app-',
      annotations: prefixed(annotations, prefix),
      labels: prefixed(labels, prefix),
    },
    spec: {
      serviceAccountName,
      volumes,
      initContainers: initContainers.map((container) => ({ ...container, image })),
      containers: containers.map((container) => ({ ...container, image })),
    },
  };
}

function prefixed(values: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
}
