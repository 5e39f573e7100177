/** Finds what webhooks wrote into the audit log about an object. */
import type { ControlPlane } from './control-plane.ts';
import { waitFor } from './wait-for.ts';

const auditTimeoutMs = 30_000;

/** Returns the audit annotations of the creation of an object, a pod by default, that brought its own name. */
export async function auditAnnotations(
  controlPlane: ControlPlane,
  namespace: string,
  name: string,
  resource: 'pods' | 'serviceaccounts' = 'pods',
): Promise<Readonly<Record<string, string>>> {
  const probe = async (): Promise<Readonly<Record<string, string>> | undefined> => {
    const event = (await controlPlane.readAuditLog()).find(
      ({ verb, objectRef, requestURI }) =>
        verb === 'create' &&
        objectRef?.resource === resource &&
        objectRef.namespace === namespace &&
        objectRef.name === name &&
        !requestURI.includes('dryRun'),
    );
    return event?.annotations;
  };
  return waitFor(`the audit event of ${resource} ${namespace}/${name}`, probe, auditTimeoutMs);
}
