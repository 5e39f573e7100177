// What the operator has fixed for every injection.

/** The flags that shape what a pod is given. */
export type InjectionSettings = {
  /** Prefix of the pod's annotations (`--annotation-prefix`). */
  readonly annotationPrefix: string;
  /** Folder in the container that the web identity token is mounted at, as the flag has it (`--token-mount-path`). */
  readonly mountPath: string;
  /** Value of AWS_DEFAULT_REGION and AWS_REGION (`--aws-default-region`); empty: neither is given. */
  readonly region: string;
  /** Whether the lifetimes of web identity tokens are spread (`--token-expiration-jitter`). */
  readonly spreadsTokenExpiration: boolean;
  readonly containerCredentials: ContainerCredentialsSettings;
};

/** The `--container-credentials-*` flags. */
export type ContainerCredentialsSettings = {
  readonly audience: string;
  readonly mountPath: string;
  readonly volumeName: string;
  /** Name of the token's file in the volume. */
  readonly tokenPath: string;
  /** Value of AWS_CONTAINER_CREDENTIALS_FULL_URI: where the agent answers. */
  readonly fullUri: string;
};
