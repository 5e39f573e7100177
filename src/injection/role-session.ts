// The name of the role session in a pod's containers.
import type { JsonObject } from '../identity/json.ts';
import { isRoleSessionName, toRoleSessionName } from '../identity/role-session-name.ts';

/** Whose session it is. */
export type SessionOwner = {
  readonly namespace: string;
  readonly serviceAccountName: string;
  /** Undefined where the API server has yet to make it. */
  readonly podName: string | undefined;
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
  if (asked === 'service-account') {
    return { value: toRoleSessionName(`${owner.namespace}.${owner.serviceAccountName}`) };
  }
  if (asked !== 'pod') return { value: asked };
  const { podName } = owner;
  if (podName === undefined || isRoleSessionName(podName)) {
    return { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  }
  return { value: toRoleSessionName(podName) };
}
