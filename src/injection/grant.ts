// What a promise comes down to in a pod: a token in a volume, and variables that lead an SDK to it.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import type { InjectionSettings } from './settings.ts';

/** The two variables by which an SDK finds its credentials; the second one names a file of the token's volume. */
export type CredentialPair = {
  readonly name: string;
  readonly value: string;
  readonly fileVariable: string;
  /** Name of that file in the volume. */
  readonly file: string;
  /** Other variables by which a container has credentials of its own. */
  readonly conflicting: readonly string[];
};

/** What a pod is given, before its own annotations are read. */
export type Grant = {
  /** Undefined: only the containers in `containerPairs` get an identity. */
  readonly pair: CredentialPair | undefined;
  /** By the name of the container, instead of `pair`. */
  readonly containerPairs: ReadonlyMap<string, CredentialPair>;
  readonly audience: string;
  /** How the lifetime of the token is spread, pod by pod: `day` spreads 24 hours a little, `any` whatever it is. */
  readonly spread: 'none' | 'day' | 'any';
  readonly volumeName: string;
  /** Name of the token's file in the volume. */
  readonly tokenPath: string;
  readonly mountPath: string;
  /** Labels that the pod gets. */
  readonly labels: Readonly<Record<string, string>>;
};

/** The web identity volume's name: a contract, tools outside find injected pods by it. */
export const webIdentityVolumeName = 'aws-iam-token';
/** Name of the web identity token's file, as tools outside know it. */
const webIdentityTokenPath = 'token';

/** Returns what a promise comes down to. Names and values are the Go webhook's (pkg/handler/handler.go). */
export function grantOf(promise: Identity | ContainerCredentials, settings: InjectionSettings): Grant {
  return promise.kind === 'identity' ? webIdentityGrant(promise, settings) : containerCredentialsGrant(settings);
}

function webIdentityGrant({ roleArn, containerRoles, audience }: Identity, settings: InjectionSettings): Grant {
  return {
    pair: roleArn === undefined ? undefined : webIdentityPair(roleArn),
    containerPairs: new Map([...(containerRoles ?? [])].map(([name, role]) => [name, webIdentityPair(role)])),
    audience,
    spread: settings.spreadsTokenExpiration ? 'any' : 'none',
    volumeName: webIdentityVolumeName,
    tokenPath: webIdentityTokenPath,
    mountPath: settings.mountPath,
    labels: {},
  };
}

function webIdentityPair(roleArn: string): CredentialPair {
  return {
    name: 'AWS_ROLE_ARN',
    value: roleArn,
    fileVariable: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    file: webIdentityTokenPath,
    conflicting: [],
  };
}

function containerCredentialsGrant({ containerCredentials }: InjectionSettings): Grant {
  const { fullUri, ...place } = containerCredentials;
  return {
    ...place,
    pair: {
      name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      value: fullUri,
      fileVariable: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
      file: place.tokenPath,
      conflicting: [],
    },
    containerPairs: new Map(),
    spread: 'day',
    // Whatever the prefix of annotations is.
    labels: { 'eks.amazonaws.com/pod-identity': 'enabled' },
  };
}
