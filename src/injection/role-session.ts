// The name of the role session in a pod's containers.
import type { JsonObject } from '../identity/json.ts';
import { isRoleSessionName, toRoleSessionName } from '../identity/role-session-name.ts';

/** Whose session it is. */
export type SessionOwner = {
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** Undefined where the API server has yet to make it. */
  readonly podName: string | undefined;
  /** What the name begins with that the API server makes. */
  readonly generateName: string | undefined;
};

/** The value of AWS_ROLE_SESSION_NAME. */
export type RoleSession = { readonly value: string } | { readonly valueFrom: JsonObject };

/**
 * Returns what a container is given as the name of its session: the pod's name, `<namespace>.<service account>`, or the
 * name that was asked for. A namespace has no dot, so that the first one ends it.
 *
 * The pod's name comes by the downward API where STS takes it. That is so for every name that the API server makes itself:
 * it cuts the beginning at 58 characters and adds 5 (k8s.io/apiserver/pkg/storage/names). One that somebody wrote may
 * have 253, which no fieldRef can cut; it is given in a short form.
 */
export function roleSessionOf(asked: string, owner: SessionOwner): RoleSession {
  if (asked !== 'pod') return { value: literalOf(asked, owner) };
  const { podName } = owner;
  if (podName === undefined || isRoleSessionName(podName)) {
    return { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  }
  return { value: toRoleSessionName(podName) };
}

/**
 * Returns the same for a text that may be written before the pod has its name: pods of one controller then share what
 * their names begin with. Undefined where it has neither, as in a template.
 */
export function sessionNameInConfig(asked: string, owner: SessionOwner): string | undefined {
  if (asked !== 'pod') return literalOf(asked, owner);
  const name = owner.podName ?? owner.generateName ?? '';
  return name === '' ? undefined : toRoleSessionName(name.replace(/-$/, ''));
}

function literalOf(asked: string, { namespace, serviceAccountName }: SessionOwner): string {
  return asked === 'service-account' ? toRoleSessionName(`${namespace}.${serviceAccountName}`) : asked;
}
