// What a promise comes down to in a pod: a token in a volume, and variables that lead an SDK to it.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import { awsConfigAnnotation, awsConfigFile, awsConfigProfile, type RoleChain } from './aws-config.ts';
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
  /**
   * Whether the file is an AWS config. There is one for all containers, and it names the token's file and the session, so
   * that it works at the usual mount path only.
   */
  readonly namesConfig: boolean;
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
  /** Whether the SDKs assume a role themselves, in a session that can have a name. */
  readonly hasRoleSession: boolean;
  readonly volumeName: string;
  /** Name of the token's file in the volume. */
  readonly tokenPath: string;
  readonly mountPath: string;
  /** The roles that an AWS config leads through, and the pod's annotation that holds its text; undefined: no such config. */
  readonly chain: (RoleChain & { readonly annotation: string }) | undefined;
  /** Labels that the pod gets. */
  readonly labels: Readonly<Record<string, string>>;
};

/** The web identity volume's name: a contract, tools outside find injected pods by it. */
export const webIdentityVolumeName = 'aws-iam-token';
/** Name of the web identity token's file, as tools outside know it. */
export const webIdentityTokenPath = 'token';

/** Returns what a promise comes down to. Names and values are the Go webhook's (pkg/handler/handler.go). */
export function grantOf(promise: Identity | ContainerCredentials, settings: InjectionSettings): Grant {
  return promise.kind === 'identity' ? webIdentityGrant(promise, settings) : containerCredentialsGrant(settings);
}

function webIdentityGrant(identity: Identity, settings: InjectionSettings): Grant {
  const { roleArn, target, containerRoles, audience } = identity;
  const chain = roleArn === undefined || target === undefined ? undefined : { roleArn, target };
  return {
    pair: chain ? chainPair : roleArn === undefined ? undefined : webIdentityPair(roleArn),
    chain: chain && { ...chain, annotation: `${settings.annotationPrefix}/${awsConfigAnnotation}` },
    containerPairs: new Map([...(containerRoles ?? [])].map(([name, role]) => [name, webIdentityPair(role)])),
    audience,
    hasRoleSession: true,
    spread: settings.spreadsTokenExpiration ? 'any' : 'none',
    volumeName: webIdentityVolumeName,
    tokenPath: webIdentityTokenPath,
    mountPath: settings.mountPath,
    labels: {},
  };
}

/** Some SDKs take the other variables before the config, some after it (docs/adr/0006-role-chaining.md). */
const chainPair: CredentialPair = {
  name: 'AWS_PROFILE',
  value: awsConfigProfile,
  fileVariable: 'AWS_CONFIG_FILE',
  file: awsConfigFile,
  conflicting: [
    'AWS_ROLE_ARN',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_ACCESS_KEY_ID',
    'AWS_DEFAULT_PROFILE',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ],
  namesConfig: true,
};

function webIdentityPair(roleArn: string): CredentialPair {
  return {
    name: 'AWS_ROLE_ARN',
    value: roleArn,
    fileVariable: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    file: webIdentityTokenPath,
    conflicting: [],
    namesConfig: false,
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
      namesConfig: false,
    },
    containerPairs: new Map(),
    chain: undefined,
    hasRoleSession: false,
    spread: 'day',
    // Whatever the prefix of annotations is.
    labels: { 'eks.amazonaws.com/pod-identity': 'enabled' },
  };
}
