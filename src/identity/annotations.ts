// The annotations that are read, without their prefix (`--annotation-prefix`, eks.amazonaws.com by default).

/** The names. The Go webhook has the first five (its pkg/annotations.go). */
export const annotationNames = {
  audience: 'audience',
  roleArn: 'role-arn',
  skipContainers: 'skip-containers',
  stsRegionalEndpoints: 'sts-regional-endpoints',
  tokenExpiration: 'token-expiration',
  containerRoles: 'container-roles',
  includeContainers: 'include-containers',
  region: 'region',
  roleSessionName: 'role-session-name',
  skipPodIdentityWebhook: 'skip-pod-identity-webhook',
  /** What people write who know the flag, which is in the singular. */
  stsRegionalEndpoint: 'sts-regional-endpoint',
  targetExternalId: 'target-external-id',
  targetRoleArn: 'target-role-arn',
  useDualstackEndpoint: 'use-dualstack-endpoint',
  useFipsEndpoint: 'use-fips-endpoint',
} as const;
