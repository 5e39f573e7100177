// Which accounts get container credentials (EKS Pod Identity) by the config file.
import { foldFieldName, kindOfJson } from './go-json.ts';
import { asArray, asObject } from './json.ts';
import type { AccountRef } from './account-ref.ts';
import { quote } from './warning.ts';

/** UTF-16 units of text; enough for some 200,000 accounts, and a bound on what a stray file costs. */
export const maxContainerCredentialsLength = 16 * 1024 * 1024;

/** The accounts that a config file lists: their names by namespace, never joined, so that no two can be confused. */
export type ContainerCredentialsAccounts = ReadonlyMap<string, ReadonlySet<string>>;

/** A config file that cannot be used; the message is one short printable line. */
export class ContainerCredentialsError extends Error {
  override readonly name = 'ContainerCredentialsError';
  readonly code = 'ERR_CONTAINER_CREDENTIALS';
}

/**
 * Returns the accounts in the text, `{"identities": [{"namespace": "...", "serviceAccount": "..."}]}`. An empty text, or
 * `null`, lists none (the Go webhook's, pkg/containercredentials/config.go, Load); fields are named in any letter case,
 * of two that mean the same the last counts, and what is missing or null is empty, as Go's encoding/json has it. Throws a
 * {@link ContainerCredentialsError}, and nothing else, where anything is wrong: the last good content must then stay.
 */
export function parseContainerCredentials(text: string): ContainerCredentialsAccounts {
  let accounts: ContainerCredentialsAccounts = new Map();
  const content = text === '' ? null : parseJson(text);
  if (content === null) return accounts;
  const object = asObject(content);
  if (object === undefined) throw typeError('a JSON object', 'the whole', content);
  for (const [name, value] of Object.entries(object)) {
    if (foldFieldName(name) === 'identities') accounts = readIdentities(value);
  }
  return accounts;
}

/** Returns whether the account gets container credentials; they then take the place of web identity. */
export function hasContainerCredentials(
  accounts: ContainerCredentialsAccounts,
  { namespace, name }: AccountRef,
): boolean {
  return accounts.get(namespace)?.has(name) ?? false;
}

function readIdentities(value: unknown): ContainerCredentialsAccounts {
  const accounts = new Map<string, Set<string>>();
  if (value === null) return accounts;
  const elements = asArray(value);
  if (elements === undefined) throw typeError('a list', 'identities', value);
  for (const element of elements) {
    const { namespace, name } = readIdentity(element);
    const names = accounts.get(namespace) ?? new Set();
    accounts.set(namespace, names.add(name));
  }
  return accounts;
}

function readIdentity(value: unknown): AccountRef {
  const names = { namespace: '', name: '' };
  if (value === null) return names;
  const object = asObject(value);
  if (object === undefined) throw typeError('an object', 'each of identities', value);
  for (const [field, member] of Object.entries(object)) {
    const folded = foldFieldName(field);
    if (folded === 'namespace') names.namespace = readString('namespace', member) ?? names.namespace;
    if (folded === 'serviceaccount') names.name = readString('serviceAccount', member) ?? names.name;
  }
  return names;
}

/** Returns the string, or undefined for null, which in Go leaves the field as it is. */
function readString(field: string, value: unknown): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'string') throw typeError('a string', field, value);
  return value;
}

function parseJson(text: string): unknown {
  if (text.length > maxContainerCredentialsLength) {
    throw new ContainerCredentialsError(
      `expected at most ${String(maxContainerCredentialsLength)} characters as the container credentials config, got ${String(text.length)}`,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : '';
    throw new ContainerCredentialsError(
      `expected JSON as the container credentials config, got a text that is not: ${quote(problem, 120)}`,
      { cause },
    );
  }
}

function typeError(expected: string, where: string, value: unknown): ContainerCredentialsError {
  return new ContainerCredentialsError(
    `expected ${expected} as ${where} of the container credentials config, got ${kindOfJson(value)}`,
  );
}
