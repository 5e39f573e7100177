/** The one error class of the test cluster, with codes that tests can switch on. */

export type ClusterErrorCode =
  | 'ERR_CLUSTER_BINARIES'
  | 'ERR_CLUSTER_KUBECONFIG'
  | 'ERR_CLUSTER_MANIFEST'
  | 'ERR_CLUSTER_REQUEST'
  | 'ERR_CLUSTER_START'
  | 'ERR_CLUSTER_STOP'
  | 'ERR_CLUSTER_TIMEOUT';

/** Says what the test cluster expected, what it got, and what to do about it. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  /** The API server's HTTP status; undefined unless `code` is ERR_CLUSTER_REQUEST. */
  readonly status: number | undefined;

  constructor(code: ClusterErrorCode, message: string, details: { cause?: unknown; status?: number } = {}) {
    super(message, { cause: details.cause });
    this.name = 'ClusterError';
    this.code = code;
    this.status = details.status;
  }
}
