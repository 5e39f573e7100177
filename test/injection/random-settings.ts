// Random identities and settings, of a few values each, so that a random pod often has the same ones.
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity/identity.ts';
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

/** Makes identities. */
export const identityArbitrary: fc.Arbitrary<Identity> = fc.record({
  kind: fc.constant('identity'),
  roleArn: fc.constantFrom(...roleArns),
  audience: fc.constantFrom(...audiences),
  regionalSts: fc.boolean(),
  tokenExpirationSeconds: fc.constantFrom(600, 3600, 86400),
  warnings: fc.constant([]),
});

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
