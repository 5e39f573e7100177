// Runs helm on the chart, without a cluster.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import { asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { findTool } from '../tools/find-tool.ts';
import { chartFolder } from './chart.ts';

/** What the chart is rendered with. */
export type Rendering = {
  /** Files of values; later ones are stronger. */
  readonly files?: readonly string[];
  /** Values over those of the files. */
  readonly values?: object;
  readonly release?: string;
  readonly namespace?: string;
  /** Version of the API server. */
  readonly kubeVersion?: string;
  /** Leaves out what only `helm test` makes. */
  readonly skipTests?: boolean;
};

/** How helm ended. */
export type HelmRun = { readonly status: number | null; readonly output: string; readonly errors: string };

/** By which `helm template` decides what a cluster has: the same on every machine. */
const kubeVersion = '1.33.0';

/** Runs helm with these arguments and waits for it. Throws where there is none, with what to run to have one. */
export function runHelm(args: readonly string[], input = '', environment = process.env): HelmRun {
  const tool = findTool('helm', environment);
  if ('reason' in tool) throw new Error(tool.reason);
  const { status, stdout, stderr } = spawnSync(tool.path, args, {
    encoding: 'utf8',
    input,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, output: stdout, errors: stderr };
}

/** Runs `helm template`, `helm lint`, or what `helm install` does before it asks a cluster, with the values. */
export function tryChart(verb: 'install' | 'lint' | 'template', rendering: Rendering = {}): HelmRun {
  const {
    files = [],
    values = {},
    release = 'irsa-webhook',
    namespace = 'irsa-webhook',
    skipTests = false,
  } = rendering;
  const given = [...files, '-'].flatMap((file) => ['--values', file]);
  const version = ['--kube-version', rendering.kubeVersion ?? kubeVersion];
  const what = {
    install: [release, chartFolder, '--dry-run=client'],
    lint: [chartFolder, '--strict', ...version],
    template: [release, chartFolder, ...version, ...(skipTests ? ['--skip-tests'] : [])],
  }[verb];
  return runHelm([verb, ...what, '--namespace', namespace, ...given], JSON.stringify(values));
}

/** Returns the notes that an install ends with. */
export function renderNotes(rendering: Rendering = {}): string {
  const { status, output, errors } = tryChart('install', rendering);
  assert.equal(status, 0, errors);
  return output.split('\nNOTES:\n')[1] ?? '';
}

/** Returns the manifests of the chart as YAML. Fails with what helm says where there are none. */
export function renderText(rendering: Rendering = {}): string {
  const { status, output, errors } = tryChart('template', rendering);
  assert.equal(status, 0, errors);
  return output;
}

/** Returns the objects of the chart. */
export function renderObjects(rendering: Rendering = {}): readonly JsonObject[] {
  return parseObjects(renderText(rendering));
}

/** Returns the objects of a file of manifests. */
export function parseObjects(text: string): readonly JsonObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw error;
    const object = asObject(document.toJS());
    return object === undefined ? [] : [object];
  });
}

/** Returns the objects of a kind. */
export function ofKind(objects: readonly JsonObject[], kind: string): readonly JsonObject[] {
  return objects.filter((object) => object['kind'] === kind);
}

/** Returns the one object of a kind, and of a name where it is given; fails where there are none or several. */
export function theOne(objects: readonly JsonObject[], kind: string, name?: string): JsonObject {
  const found = ofKind(objects, kind).filter((object) => name === undefined || nameOf(object) === name);
  assert.equal(found.length, 1, `expected one ${kind} ${name ?? ''}, got ${String(found.length)}`);
  return found[0] ?? assert.fail();
}

/** Returns the name of an object. */
export function nameOf(object: JsonObject): string | undefined {
  return asString(asObject(object['metadata'])?.['name']);
}
