// The names of the annotations, without their prefix (`--annotation-prefix`, eks.amazonaws.com by default).

/** Annotations that are read; the Go webhook's names (its pkg/annotations.go). */
export const annotationNames = {
  /** On the account: the audience of the token. Default: `--token-audience`. */
  audience: 'audience',
  /** On the account: ARN of the IAM role. No default: without it there is no identity. */
  roleArn: 'role-arn',
  /** On the pod: containers to leave alone, as one CSV record. */
  skipContainers: 'skip-containers',
  /** On the pod and on its namespace, as a label or an annotation: whether to leave it alone. */
  skipPodIdentityWebhook: 'skip-pod-identity-webhook',
  /** On the account: a boolean, whether STS is called in the region. Default: `--sts-regional-endpoint`. */
  stsRegionalEndpoints: 'sts-regional-endpoints',
  /** On the account and, stronger, on the pod: lifetime of the token in seconds. Default: `--token-expiration`. */
  tokenExpiration: 'token-expiration',
} as const;
