// Tells whether a pod runs on Windows.
import { asObject, type JsonObject } from '../identity/json.ts';

/** Returns whether the pod's node selector asks for Windows, by today's label or the one before it (as the Go webhook). */
export function runsOnWindows(spec: JsonObject): boolean {
  const nodeSelector = asObject(spec['nodeSelector']);
  return nodeSelector?.['kubernetes.io/os'] === 'windows' || nodeSelector?.['beta.kubernetes.io/os'] === 'windows';
}
