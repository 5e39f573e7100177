/** Keeps tests off somebody's cluster that change what all of it has. */
import { cluster } from './hooks.ts';

/**
 * Skips a hook or test on the cluster that KUBECONFIG names: it kills components, reads files of the API server, or
 * registers what is for all namespaces. Without KUBECONFIG, as in CI, there always is a control plane of the tests' own.
 */
export function needOwnControlPlane(context: { skip(): never }): void {
  if (cluster().controlPlane === undefined) context.skip();
}
