// Writes objects whose pods were mutated: whole, as the operations, or as what changed.
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import jsonpatch from 'fast-json-patch';
import { stringify } from 'yaml';
import type { Decision } from '../admission/decision.ts';
import type { JsonObject } from '../identity/json.ts';
import { type AddOperation, pointer } from '../injection/operations.ts';
import { titleOf } from './workloads.ts';

/** The forms of the output. */
export const outputForms = ['yaml', 'json', 'patch', 'diff'] as const;
/** One form of the output. */
export type OutputForm = (typeof outputForms)[number];

/** Returns whether a text names a form of the output. */
export function isOutputForm(form: string): form is OutputForm {
  return (outputForms as readonly string[]).includes(form);
}

/** An object, what was decided of its pod if it has one, and where that stands in it. */
export type MutatedObject = {
  readonly object: JsonObject;
  readonly decision: Decision | undefined;
  readonly podPath: readonly string[];
};

/** Returns all objects in one text. An object without a pod is written as it came, and in no patch or diff. */
export function renderObjects(objects: readonly MutatedObject[], form: OutputForm, colours: boolean): string {
  switch (form) {
    case 'yaml':
      return objects.map((mutated) => toYaml(apply(mutated))).join('---\n');
    case 'json':
      return toJson(
        objects.length === 1 ? objects.map(apply)[0] : { apiVersion: 'v1', kind: 'List', items: objects.map(apply) },
      );
    case 'patch':
      return toJson(
        objects.length === 1
          ? objects.map(operationsOf)[0]
          : objects.filter(({ decision }) => decision).map(describePatch),
      );
    case 'diff':
      return objects.map((mutated) => renderDiff(mutated, colours)).join('');
  }
}

/** Returns the operations on the object as a whole: the pod's, under the place where the pod stands. */
function operationsOf({ decision, podPath }: MutatedObject): AddOperation[] {
  const operations = decision?.kind === 'answer' ? decision.operations : [];
  return operations.map((operation) => ({ ...operation, path: `${pointer(...podPath)}${operation.path}` }));
}

function describePatch(mutated: MutatedObject): JsonObject {
  return { object: titleOf(mutated.object), outcome: mutated.decision?.outcome, operations: operationsOf(mutated) };
}

function apply(mutated: MutatedObject): unknown {
  // Values go into the document as they are, and pods of one identity share them.
  return jsonpatch.applyPatch(mutated.object, structuredClone([...operationsOf(mutated)]), true, false).newDocument;
}

function renderDiff(mutated: MutatedObject, colours: boolean): string {
  if (operationsOf(mutated).length === 0) return '';
  const title = titleOf(mutated.object);
  const [before, after] = [toYaml(mutated.object), toYaml(apply(mutated))];
  const patch = createTwoFilesPatch(title, title, before, after, 'before', 'after', {
    headerOptions: FILE_HEADERS_ONLY,
  });
  return colours ? patch.split('\n').map(colour).join('\n') : patch;
}

function colour(line: string): string {
  if (line.startsWith('+') && !line.startsWith('+++')) return `\u001B[32m${line}\u001B[0m`;
  if (line.startsWith('@@')) return `\u001B[36m${line}\u001B[0m`;
  return line;
}

/** YAML 1.1 puts into quotes what kubectl would not take for text: yes, on, 0644. */
function toYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
