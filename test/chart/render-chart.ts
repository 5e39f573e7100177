// The objects of the chart, as the tests on an API server know objects.
import { parseManifests } from '../cluster/manifests.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { type Rendering, renderText } from './helm.ts';

/** Returns the objects, hooks included, for the API server of the tests where nothing else is said. */
export function renderChart(rendering: Rendering = {}): readonly KubernetesObject[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what parseManifests has held to be objects
  return parseManifests(renderText({ kubeVersion: '1.36.3', ...rendering })) as unknown as KubernetesObject[];
}

/** Returns the one object of a kind, as the test knows it; throws where there are none or several. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it carries what the caller states
export function objectOfKind<T = KubernetesObject>(objects: readonly KubernetesObject[], kind: string): T {
  const found = objects.filter((object) => object.kind === kind && !isHook(object));
  const [object] = found;
  if (object === undefined || found.length > 1) throw new Error(`expected one ${kind}, got ${String(found.length)}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test states what it asked for, and fails where it errs
  return object as T;
}

/** Returns whether an object is made by Helm at an event only. */
export function isHook({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.['helm.sh/hook'] !== undefined;
}
