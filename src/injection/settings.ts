// What the operator has fixed for every injection.

/** The flags that shape what a pod is given. */
export type InjectionSettings = {
  /** Prefix of the pod's annotations (`--annotation-prefix`). */
  readonly annotationPrefix: string;
  /** Folder in the container that the token's volume is mounted at, as the flag has it (`--token-mount-path`). */
  readonly mountPath: string;
  /** Value of AWS_DEFAULT_REGION and AWS_REGION (`--aws-default-region`); empty: neither is given. */
  readonly region: string;
};
