/** Compares the rights of the release that is installed with what the webhook has asked for since the control plane began. */
import { parseManifests } from '../manifests.ts';
import { type ChartCluster, release, webhookUser } from './chart-cluster.ts';
import { grantedRights, type RoleObject, usedRights } from './used-rights.ts';

/** Rights as sorted lines. */
export type RightsInUse = {
  /** Of all requests. */
  readonly count: number;
  readonly granted: readonly string[];
  /** With what was asked for without a right to it. */
  readonly used: readonly string[];
  /** Requests that were answered with 403. */
  readonly forbidden: readonly string[];
};

/** Returns them. A request is in the audit log once it is over, and a watch also when it begins. */
export async function compareRights({ cluster, helm }: ChartCluster): Promise<RightsInUse> {
  const manifest = await helm('get', 'manifest', release, '--namespace', release);
  const roles = parseManifests(manifest).filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API server has taken for roles
  const granted = grantedRights(roles as unknown as RoleObject[]);
  const log = (await cluster.controlPlane?.readAuditLog()) ?? [];
  const events = log.filter(({ user }) => user.username === webhookUser);
  const forbidden = events.filter(({ responseStatus }) => responseStatus?.code === 403);
  return {
    count: events.length,
    granted: [...granted].toSorted(),
    used: [...usedRights(events, granted)].toSorted(),
    forbidden: forbidden.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
  };
}
