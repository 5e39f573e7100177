// The one error that this room throws.

/** What went wrong; callers switch on this and never on a message. */
export type KubernetesErrorCode =
  /** The caller's signal, or close(), ended the call. */
  | 'ERR_KUBERNETES_ABORTED'
  /** The API server's certificate did not verify. */
  | 'ERR_KUBERNETES_CERTIFICATE'
  /** Flags, variables or a kubeconfig do not say where the API server is or how to speak to it. */
  | 'ERR_KUBERNETES_CONFIG'
  /** No connection, or one that ended before the whole answer was here. */
  | 'ERR_KUBERNETES_CONNECTION'
  /** No token, certificate or exec plugin's answer could be read. */
  | 'ERR_KUBERNETES_CREDENTIAL'
  /** What came is not what the API server writes, such as a line of a watch that is not JSON. */
  | 'ERR_KUBERNETES_RESPONSE_INVALID'
  /** The body, or one line of a stream, is longer than the limit of the call. */
  | 'ERR_KUBERNETES_RESPONSE_TOO_LARGE'
  /** The whole call took longer than its limit. */
  | 'ERR_KUBERNETES_TIMEOUT';

/**
 * A call to the API server that brought no answer; an HTTP status is an answer and never one of these.
 * The message says what was expected, what came, where, and what to do. It never holds a token, nor does the cause.
 */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly code: KubernetesErrorCode;

  constructor(code: KubernetesErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
