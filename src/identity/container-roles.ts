// Several roles in one pod: an annotation that maps the names of containers to roles.
import { asObject } from './json.ts';

/** Roles by the name of the container. */
export type ContainerRoles = ReadonlyMap<string, string>;

/** Containers that one annotation may name; a pod of more is nobody's. */
const maxContainers = 100;

/**
 * Returns the roles in the text, a JSON object such as `{"app": "arn:aws:iam::111122223333:role/app"}`, or why there are
 * none. It is taken as a whole or not at all: half a map would give a container the role that is meant for the others.
 */
export function parseContainerRoles(text: string): ContainerRoles | { readonly problem: string } {
  const entries = Object.entries(readObject(text) ?? {});
  if (entries.length === 0) return { problem: 'is not a JSON object of roles by container name' };
  if (entries.length > maxContainers) return { problem: `names more than ${String(maxContainers)} containers` };
  const roles = new Map<string, string>();
  for (const [name, role] of entries) {
    if (typeof role !== 'string' || role.trim() === '') return { problem: 'has a role that is not a text, or blank' };
    roles.set(name, role);
  }
  return roles;
}

function readObject(text: string): ReturnType<typeof asObject> {
  try {
    return asObject(JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
