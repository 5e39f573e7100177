// Tells whether a pod runs on Windows.
import { asArray, asObject, type JsonObject } from '../identity/json.ts';

/** Today's label of a node's operating system, and the one before it. */
const osLabels = ['kubernetes.io/os', 'beta.kubernetes.io/os'] as const;

/**
 * Returns whether a pod can only run on Windows: by its node selector (as the Go webhook), by `spec.os.name`, or by
 * required node affinity. A RuntimeClass, which may select nodes too, is another object and is not asked.
 */
export function runsOnWindows(spec: JsonObject): boolean {
  const nodeSelector = asObject(spec['nodeSelector']);
  if (osLabels.some((label) => nodeSelector?.[label] === 'windows')) return true;
  const os = asObject(spec['os'])?.['name'];
  // What the pod says of itself counts before what a node could be.
  return os === undefined || os === null || os === '' ? requiresWindows(spec) : os === 'windows';
}

/** Terms are alternatives, and each of them must ask for Windows; the expressions of a term hold together. */
function requiresWindows(spec: JsonObject): boolean {
  const nodeAffinity = asObject(asObject(spec['affinity'])?.['nodeAffinity']);
  const required = asObject(nodeAffinity?.['requiredDuringSchedulingIgnoredDuringExecution']);
  const terms = asArray(required?.['nodeSelectorTerms']) ?? [];
  return (
    terms.length > 0 &&
    terms.every((term) => (asArray(asObject(term)?.['matchExpressions']) ?? []).map(asObject).some(asksForWindows))
  );
}

function asksForWindows(expression: JsonObject | undefined): boolean {
  const values = asArray(expression?.['values']) ?? [];
  return (
    osLabels.some((label) => label === expression?.['key']) &&
    expression?.['operator'] === 'In' &&
    values.length > 0 &&
    values.every((value) => value === 'windows')
  );
}
