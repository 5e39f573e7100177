// What a promise comes down to in a pod: a token in a volume, and two variables that lead an SDK to it.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import type { InjectionSettings } from './settings.ts';

/** The two variables by which an SDK finds its credentials; the second one names the token's file. */
export type CredentialPair = { readonly name: string; readonly value: string; readonly tokenFileName: string };

/** What a pod is given, before its own annotations are read. */
export type Grant = {
  readonly pair: CredentialPair;
  readonly regionalSts: boolean;
  readonly region: string;
  readonly audience: string;
  readonly tokenExpirationSeconds: number;
  /** Whether a lifetime of 24 hours is spread a little, pod by pod. */
  readonly spreadsExpiration: boolean;
  readonly volumeName: string;
  /** Name of the token's file in the volume. */
  readonly tokenPath: string;
  readonly mountPath: string;
  /** Labels that the pod gets. */
  readonly labels: Readonly<Record<string, string>>;
};

/** The web identity volume's name: a contract, tools outside find injected pods by it. */
export const webIdentityVolumeName = 'aws-iam-token';

/** Returns what a promise comes down to. Names and values are the Go webhook's (pkg/handler/handler.go). */
export function grantOf(promise: Identity | ContainerCredentials, settings: InjectionSettings): Grant {
  const { regionalSts, tokenExpirationSeconds } = promise;
  const common = { regionalSts, tokenExpirationSeconds, region: settings.region };
  if (promise.kind === 'identity') {
    return {
      ...common,
      pair: { name: 'AWS_ROLE_ARN', value: promise.roleArn, tokenFileName: 'AWS_WEB_IDENTITY_TOKEN_FILE' },
      audience: promise.audience,
      spreadsExpiration: false,
      volumeName: webIdentityVolumeName,
      tokenPath: 'token',
      mountPath: settings.mountPath,
      labels: {},
    };
  }
  const { fullUri, ...place } = settings.containerCredentials;
  return {
    ...common,
    ...place,
    pair: {
      name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      value: fullUri,
      tokenFileName: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    },
    spreadsExpiration: true,
    // Whatever the prefix of annotations is.
    labels: { 'eks.amazonaws.com/pod-identity': 'enabled' },
  };
}
