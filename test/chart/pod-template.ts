// The parts of the rendered Deployment that tests look at.
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { parseCommandLine } from '../../src/commands/command-line.ts';
import type { serveFlags } from '../../src/commands/flags.ts';
import type { ParsedFlags } from '../../src/commands/parse-flags.ts';
import { theOne } from './helm.ts';

/** Returns `spec` of the Deployment. */
export function deploymentSpec(objects: readonly JsonObject[]): JsonObject {
  return asObject(theOne(objects, 'Deployment')['spec']) ?? {};
}

/** Returns `spec` of its pods. */
export function podSpec(objects: readonly JsonObject[]): JsonObject {
  return asObject(asObject(deploymentSpec(objects)['template'])?.['spec']) ?? {};
}

/** Returns the labels of its pods. */
export function podLabels(objects: readonly JsonObject[]): JsonObject {
  const template = asObject(deploymentSpec(objects)['template']);
  return asObject(asObject(template?.['metadata'])?.['labels']) ?? {};
}

/** Returns its one container. */
export function container(objects: readonly JsonObject[]): JsonObject {
  const [first = {}, ...others] = (asArray(podSpec(objects)['containers']) ?? []).map((entry) => asObject(entry) ?? {});
  if (others.length > 0) throw new Error(`expected one container, got ${String(others.length + 1)}`);
  return first;
}

/** Returns the arguments of the container, with the namespace that the kubelet puts into them. */
export function containerArguments(objects: readonly JsonObject[]): readonly string[] {
  const namespace = asString(asObject(theOne(objects, 'Deployment')['metadata'])?.['namespace']) ?? '';
  const args = asArray(container(objects)['args']) ?? [];
  return args.map((arg) => String(arg).replaceAll('$(POD_NAMESPACE)', namespace));
}

/** Returns what the program understands by them. Throws what it would say where it understands nothing. */
export function parsedFlags(objects: readonly JsonObject[]): ParsedFlags<typeof serveFlags> {
  const command = parseCommandLine(containerArguments(objects), '');
  if (command.verb !== 'serve') throw new Error(`expected to serve, got ${command.verb}`);
  return command;
}

/** Returns the name of the flag that a value of the config is for. */
export function flagOf(key: string): string {
  return key.replace(/Seconds$/, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
