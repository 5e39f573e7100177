/** Pure: which rights the rules of roles give, and which of them the requests in an audit log have used. */
import type { AuditEvent } from '../audit-log.ts';
import type { KubernetesObject } from '../objects.ts';

/** A Role or a ClusterRole, as the chart renders it. */
export type RoleObject = KubernetesObject & {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
};

/** What stands for every name, and for every namespace. */
const any = '*';

type Right = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly namespace: string;
};

/** Returns each right that the roles give, as a line such as `patch secrets irsa-webhook in irsa-webhook`. */
export function grantedRights(roles: readonly RoleObject[]): ReadonlySet<string> {
  const rights = roles.flatMap(({ metadata: { namespace = any }, rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames = [any], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) => verbs.map((verb) => ({ verb, group, resource, name, namespace }))),
        ),
      ),
    ),
  );
  return new Set(rights.map(lineOf));
}

/** Returns the right that each request used, or where none gives it what was asked for, by the same lines. */
export function usedRights(events: readonly AuditEvent[], granted: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(events.map((event) => usedRight(event, granted)));
}

/** A list or watch that selects one name is one of that name, to RBAC and in the audit log. */
function usedRight({ verb, objectRef, requestURI }: AuditEvent, granted: ReadonlySet<string>): string {
  if (objectRef === undefined) return `${verb} ${requestURI}`;
  const { apiGroup: group = '', subresource, name = any, namespace = any } = objectRef;
  const resource = subresource === undefined ? objectRef.resource : `${objectRef.resource}/${subresource}`;
  // The log has the name of what was created, which RBAC did not know when it was asked.
  const names = verb === 'create' ? [any] : [name, any];
  const asked = names.flatMap((one) =>
    [namespace, any].map((scope) => lineOf({ verb, group, resource, name: one, namespace: scope })),
  );
  return asked.find((line) => granted.has(line)) ?? lineOf({ verb, group, resource, name, namespace });
}

function lineOf({ verb, group, resource, name, namespace }: Right): string {
  const kind = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${kind} ${name} in ${namespace}`;
}
