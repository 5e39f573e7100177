// Reads a kubeconfig file as far as client-node does not: faults told without quoting it, and the fields it leaves out.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { KubernetesError } from './errors.ts';

/** A kubeconfig as it stands in its file. */
export type KubeconfigDocument = Readonly<Record<string, unknown>>;

/** Returns whether a value is an object with fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the fields of the YAML or JSON file at `path`; throws ERR_KUBERNETES_CONFIG. */
export function readKubeconfigDocument(path: string): KubeconfigDocument {
  const document = parseYaml(readText(path), path);
  if (!isRecord(document)) throw kubeconfigError(`Expected a kubeconfig in ${path}, got a file without fields`);
  return document;
}

/** Returns the fields of `users[].user` of that name as they stand in the file; client-node keeps only some of them. */
export function userFields(document: KubeconfigDocument, userName: string): Readonly<Record<string, unknown>> {
  const users: unknown[] = Array.isArray(document['users']) ? document['users'] : [];
  const entry = users.find((user) => isRecord(user) && user['name'] === userName);
  return isRecord(entry) && isRecord(entry['user']) ? entry['user'] : {};
}

/** Returns the error of a kubeconfig that does not say what is needed. */
export function kubeconfigError(message: string): KubernetesError {
  return new KubernetesError('ERR_KUBERNETES_CONFIG', message);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw kubeconfigError(`Expected a kubeconfig in ${path}, got ${wordFor(error)}: check --kubeconfig`);
  }
}

/** The parser's own message may quote the file, tokens included, so only its code and the line are told. */
function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text, { prettyErrors: false });
  } catch (error) {
    throw kubeconfigError(`Expected YAML or JSON in ${path}, got ${wordFor(error)}${lineOf(error, text)}`);
  }
}

function wordFor(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown error';
  return 'code' in error ? String(error.code) : error.name;
}

function lineOf(error: unknown, text: string): string {
  const offset: unknown = isRecord(error) && Array.isArray(error['pos']) ? error['pos'][0] : undefined;
  return typeof offset === 'number' ? ` in line ${text.slice(0, offset).split('\n').length}` : '';
}
