// Random identities and settings, of a few values each, so that a random pod often has the same ones.
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity/identity.ts';
import type { InjectionContext } from '../../src/injection/pod-reading.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';

/** Prefixes of annotations. */
export const annotationPrefixes = ['eks.amazonaws.com', 'irsa.example.com'] as const;
/** Audiences of tokens. */
export const audiences = ['sts.amazonaws.com', 'sts.amazonaws.com.cn'] as const;
/** Folders to mount the token in, in odd forms too. */
export const mountPaths = [
  '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  '/var/run//secrets/./eks.amazonaws.com/serviceaccount/',
  '/token/../irsa~/x',
  'relative/folder',
  '/',
  '',
] as const;
/** Roles, one of which is no ARN. */
export const roleArns = [
  'arn:aws:iam::111122223333:role/app',
  'arn:aws-cn:iam::111122223333:role/a/b',
  'nonsense',
] as const;

/** Names of containers, most of which random pods have. */
export const containerNames = ['app', 'sidecar', 'web', ' web', 'a,b', '__proto__'] as const;

const names = fc.subarray([...containerNames]);
const options = fc.record(
  {
    region: fc.constantFrom('', 'us-gov-west-1'),
    useFipsEndpoint: fc.boolean(),
    useDualstackEndpoint: fc.boolean(),
    roleSessionName: fc.constantFrom('pod', 'service-account', 'nightly'),
    includedContainers: names.map((given) => new Set<string>(given)),
  },
  { requiredKeys: [] },
);
const containerRoles = fc
  .array(fc.tuple(fc.constantFrom(...containerNames), fc.constantFrom(...roleArns)), { minLength: 1, maxLength: 3 })
  .map((entries) => new Map<string, string>(entries));
const target = { roleArn: 'arn:aws:iam::444455556666:role/target', externalId: undefined };
const roles = fc.oneof(
  { weight: 2, arbitrary: fc.record({ roleArn: fc.constantFrom(...roleArns) }) },
  fc.record({ roleArn: fc.constantFrom(...roleArns, undefined), containerRoles }),
  fc.record(
    { roleArn: fc.constant(roleArns[0]), target: fc.constant(target), containerRoles },
    { requiredKeys: ['roleArn', 'target'] },
  ),
);
const rest = fc.record({
  kind: fc.constant('identity' as const),
  audience: fc.constantFrom(...audiences),
  regionalSts: fc.boolean(),
  tokenExpirationSeconds: fc.constantFrom(600, 3600, 86400),
  warnings: fc.constant([]),
});

/** Makes identities: of one role, of roles by container, or of both, half of them with options. */
export const identityArbitrary: fc.Arbitrary<Identity> = fc
  .tuple(rest, roles, fc.option(options, { nil: undefined }))
  .map(([given, role, asked]) => ({ ...given, ...role, ...(asked && { options: asked }) }));

/** ConfigMaps that envFrom may name and their data; `unread` is one that nobody has read. */
export const configMapNames = ['settings', 'absent', 'unread'] as const;

/** Makes what is known besides the pod, with ConfigMaps that were read or without. */
export const contextArbitrary: fc.Arbitrary<InjectionContext> = fc.oneof(
  fc.constant({ namespace: 'shop' }),
  fc
    .record(
      {
        AWS_ROLE_ARN: fc.constantFrom(...roleArns),
        AWS_WEB_IDENTITY_TOKEN_FILE: fc.constant(`${mountPaths[0]}/token`),
        AWS_REGION: fc.constant('us-east-1'),
        LEVEL: fc.constant('info'),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .map((settings) => ({
      namespace: 'shop',
      configMaps: new Map([
        ['settings', settings],
        ['absent', undefined],
      ]),
    })),
);

/** Makes settings; the usual mount path is the most likely one. */
export const settingsArbitrary: fc.Arbitrary<InjectionSettings> = fc.record({
  annotationPrefix: fc.constantFrom(...annotationPrefixes),
  mountPath: fc.oneof({ weight: 3, arbitrary: fc.constant(mountPaths[0]) }, fc.constantFrom(...mountPaths)),
  spreadsTokenExpiration: fc.boolean(),
  region: fc.constantFrom('', 'eu-west-1'),
  containerCredentials: fc.constant({
    audience: 'pods.eks.amazonaws.com',
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    volumeName: 'eks-pod-identity-token',
    tokenPath: 'eks-pod-identity-token',
    fullUri: 'http://169.254.170.23/v1/credentials',
  }),
});
