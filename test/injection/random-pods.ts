// Random pods: nearly all of the API's form, with whatever could stand in the way of an injection.
import * as fc from 'fast-check';
import type { JsonObject } from '../../src/identity/json.ts';
import {
  annotationPrefixes,
  audiences,
  configMapNames,
  containerNames,
  mountPaths,
  roleArns,
} from './random-settings.ts';

// Objects without a prototype are not what JSON.parse makes, and are not deep-equal to it.
const plain = { noNullPrototype: true } as const;

type Objects = fc.Arbitrary<JsonObject>;
type Wrap = (arbitrary: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>;

/** What a random pod may hold. */
export type PodChoice = {
  /** Whether now and then something has the wrong type, or is null where the API has none. */
  readonly wrongTypes: boolean;
};

/** Makes pods. */
export function podArbitrary({ wrongTypes }: PodChoice): Objects {
  const sometimesWrong: Wrap = (arbitrary) =>
    wrongTypes ? fc.oneof({ weight: 40, arbitrary }, wrongValue) : arbitrary;
  const list: Wrap = (arbitrary) => sometimesWrong(fc.array(sometimesWrong(arbitrary), { maxLength: 3 }));
  const container = containerArbitrary(sometimesWrong, list);
  const spec = object(
    { containers: list(container) },
    {
      affinity: sometimesWrong(affinity),
      ephemeralContainers: list(container),
      initContainers: list(container),
      os: sometimesWrong(fc.record({ name: sometimesWrong(fc.constantFrom('windows', 'linux', '')) }, plain)),
      nodeSelector: sometimesWrong(nodeSelector),
      serviceAccountName: fc.constant('app'),
      volumes: list(fc.oneof({ weight: 3, arbitrary: tokenVolume }, otherVolume)),
    },
  );
  const metadata = object(
    {},
    {
      annotations: sometimesWrong(podAnnotations),
      generateName: fc.constant('app-'),
      labels: fc.constant({ app: 'web' }),
      name: fc.constantFrom('app-0', '', `${'a'.repeat(50)}.${'b'.repeat(49)}`),
    },
  );
  return object(
    { apiVersion: fc.constant('v1'), kind: fc.constant('Pod'), spec: sometimesWrong(spec) },
    { metadata: sometimesWrong(metadata) },
  );
}

/** Makes an object of these fields, in any of a few orders, with unknown ones beside them. */
function object(
  required: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>>,
): Objects {
  const known = fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required), ...plain });
  return fc
    .tuple(unknownFields, known, fc.boolean())
    .map(([unknown, fields, first]) => (first ? { ...unknown, ...fields } : { ...fields, ...unknown }));
}

const hostileText = fc.oneof(
  fc.constantFrom('', ' ', 'a/b~c', '~1', '/', '-', '"', 'a,b', '\n', 'toString', '__proto__', '\u{1f512}'),
  fc.string({ maxLength: 4, unit: 'grapheme' }),
);
// No JSON.parse between them and a test: `undefined`, -0 and the like would not survive one.
const jsonValue = fc
  .jsonValue({ maxDepth: 1, depthSize: 'xsmall' })
  .map((value): unknown => JSON.parse(JSON.stringify(value)));
const unknownFields: Objects = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.dictionary(fc.constantFrom('xUnknown', 'x/y~z', 'x ', 'x-0'), jsonValue, { maxKeys: 2, ...plain }),
);
const wrongValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, 0, true, 'text', '', {}),
  fc.constant([]),
  fc.constant([null, 1, 'x', []]),
  jsonValue,
);

const containerName = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...containerNames) }, hostileText);
const folders = [...mountPaths, ...mountPaths.slice(0, 2).map((path) => `${path.replace(/\/$/, '')}-2`), '/data'];
const anyMountPath = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(mountPaths[0], `${mountPaths[0]}-2`, `${mountPaths[0]}/`) },
  fc.constantFrom(...folders),
  fc.constantFrom(...folders).map((folder) => `${folder}/token`),
  hostileText,
);
const volumeName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('aws-iam-token', 'aws-iam-token-2') },
  fc.constantFrom('data', 'aws-iam-token-3', 'kube-api-access-x'),
);

function containerArbitrary(sometimesWrong: Wrap, list: Wrap): Objects {
  return object(
    { name: sometimesWrong(containerName) },
    {
      env: list(fc.oneof({ weight: 4, arbitrary: ownVariable }, otherVariable)),
      envFrom: list(envFrom),
      image: fc.constant('app:1'),
      resources: fc.constant({ limits: { memory: '0.5Gi' } }),
      restartPolicy: fc.constant('Always'),
      volumeMounts: list(volumeMount),
    },
  );
}

const envFrom: Objects = object(
  {},
  {
    prefix: fc.constantFrom('', 'AWS_', 'APP_'),
    configMapRef: fc.record({ name: fc.constantFrom(...configMapNames) }, plain),
    secretRef: fc.constant({ name: 'secret' }),
  },
);
const ownVariable: Objects = fc.oneof(
  object({ name: fc.constant('AWS_ROLE_ARN'), value: fc.constantFrom(...roleArns) }, {}),
  object(
    {
      name: fc.constant('AWS_WEB_IDENTITY_TOKEN_FILE'),
      value: fc.constantFrom(...folders.slice(0, 1), ...folders).map((folder) => `${folder}/token`),
    },
    {},
  ),
  fc.record({ name: fc.constantFrom('AWS_REGION', 'AWS_DEFAULT_REGION'), value: fc.constant('us-east-1') }, plain),
  fc.record({ name: fc.constant('AWS_STS_REGIONAL_ENDPOINTS'), value: fc.constantFrom('regional', 'legacy') }, plain),
);
const otherVariable: Objects = fc.oneof(
  object({ name: hostileText }, { value: hostileText }),
  fc.record(
    {
      name: fc.constantFrom('AWS_ROLE_ARN', 'LOG_LEVEL'),
      valueFrom: fc.constant({ secretKeyRef: { name: 'a', key: 'b' } }),
    },
    plain,
  ),
);
const volumeMount: Objects = object(
  { name: volumeName, mountPath: anyMountPath },
  {
    readOnly: fc.boolean(),
    subPath: fc.constantFrom('', '', 'token'),
    subPathExpr: fc.constantFrom('', '', '', '$(POD)'),
  },
);

const tokenSource = object(
  {},
  {
    serviceAccountToken: fc.record(
      {
        audience: fc.constantFrom(...audiences),
        expirationSeconds: fc.constantFrom(600, 86400),
        path: fc.constantFrom('token', 'token', 'token', 'other'),
      },
      plain,
    ),
  },
);
const tokenVolume: Objects = object(
  {
    name: volumeName,
    projected: object(
      { sources: fc.array(tokenSource, { minLength: 1, maxLength: 2 }) },
      { defaultMode: fc.constant(420) },
    ),
  },
  {},
);
const otherVolume: Objects = object(
  { name: volumeName },
  { emptyDir: fc.constant({}), secret: fc.constant({ secretName: 's' }) },
);

const nodeSelector: Objects = fc.oneof(
  fc.constant({}),
  fc.dictionary(
    fc.constantFrom('kubernetes.io/os', 'beta.kubernetes.io/os', 'disk'),
    fc.constantFrom('windows', 'linux', 'Windows'),
    plain,
  ),
);
const term = object(
  {},
  {
    matchExpressions: fc.array(
      fc.record(
        {
          key: fc.constantFrom('kubernetes.io/os', 'beta.kubernetes.io/os', 'disk'),
          operator: fc.constantFrom('In', 'In', 'NotIn', 'Exists'),
          values: fc.subarray(['windows', 'windows', 'linux']),
        },
        plain,
      ),
      { maxLength: 2 },
    ),
  },
);
const affinity: Objects = fc.array(term, { maxLength: 2 }).map((nodeSelectorTerms) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
}));

const skipText = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('sidecar', 'app,sidecar', 'app, web', '"a,b",web', '\n\nsidecar', 'app\r\nx', ''),
  },
  fc.constantFrom('a"b', '"open', '"a"b'),
  hostileText,
);
const expirationText = fc.constantFrom(
  '+900',
  '0900',
  ' 900',
  '1e3',
  '1_000',
  '',
  '100',
  '-5',
  '3600',
  '99999999999999999999',
);
const booleanText = fc.constantFrom('true', 'false', 'T', '0', 'yes', '');
const optionTexts = {
  'skip-containers': skipText,
  'token-expiration': expirationText,
  'include-containers': skipText,
  region: fc.oneof(fc.constantFrom('', 'us-east-1', 'US'), hostileText),
  'role-session-name': fc.oneof(fc.constantFrom('pod', 'service-account', 'nightly', 'x'), hostileText),
  'use-dualstack-endpoint': booleanText,
  'use-fips-endpoint': booleanText,
};
const podAnnotations: Objects = fc.constantFrom(...annotationPrefixes).chain((prefix) => {
  const texts = Object.entries(optionTexts).map(([name, text]) => [`${prefix}/${name}`, text] as const);
  return fc
    .record(Object.fromEntries(texts), { requiredKeys: [], ...plain })
    .map((given): JsonObject => ({ 'example.com/team': 'shop', ...given }));
});
