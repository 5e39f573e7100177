// Renders the chart, as `helm template` does, without a cluster.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseManifests } from '../cluster/manifests.ts';
import type { KubernetesObject } from '../cluster/objects.ts';

/** What a release is rendered for. */
export type Rendering = {
  readonly values?: object;
  /** Of the cluster, such as `1.36.3`. */
  readonly kubeVersion?: string;
  readonly release?: string;
  readonly namespace?: string;
};

/** Where the chart is. */
export const chartFolder = path.join(import.meta.dirname, '../../manifests/helm/irsa-webhook');

/** Returns the objects, hooks included; throws with Helm's own words where it refuses the values. */
export function renderChart(helm: string, rendering: Rendering = {}): readonly KubernetesObject[] {
  const { values = {}, kubeVersion = '1.36.3', release = 'irsa-webhook', namespace = 'irsa-webhook' } = rendering;
  const flags = ['--namespace', namespace, '--kube-version', kubeVersion, '--values', '-'];
  const { status, stdout, stderr } = spawnSync(helm, ['template', release, chartFolder, ...flags], {
    input: JSON.stringify(values),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what parseManifests has held to be objects
  return parseManifests(stdout) as unknown as KubernetesObject[];
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
