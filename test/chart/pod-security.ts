// The pod security standard `restricted`, as far as it concerns this chart.
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';

/** Sysctls and volumes that the standard allows (Kubernetes, Pod Security Standards, 1.33). */
const safeSysctls: readonly unknown[] = ['net.ipv4.ip_unprivileged_port_start'];
const safeVolumes: readonly string[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'projected',
  'secret',
];

/** Returns the names of the rules of the pod security standard `restricted` that the pod breaks. */
export function brokenRules(pod: JsonObject): readonly string[] {
  const context = asObject(pod['securityContext']) ?? {};
  const rules: Readonly<Record<string, boolean>> = {
    hostNetwork: pod['hostNetwork'] !== true,
    hostNamespaces: pod['hostPID'] !== true && pod['hostIPC'] !== true,
    runAsNonRoot: context['runAsNonRoot'] === true,
    runAsUser: context['runAsUser'] !== 0,
    seccompProfile: asObject(context['seccompProfile'])?.['type'] === 'RuntimeDefault',
    sysctls: (asArray(context['sysctls']) ?? []).every((entry) => safeSysctls.includes(asObject(entry)?.['name'])),
    volumes: (asArray(pod['volumes']) ?? []).every((volume) =>
      Object.keys(asObject(volume) ?? {}).every((key) => key === 'name' || safeVolumes.includes(key)),
    ),
    containers: (asArray(pod['containers']) ?? []).every((entry) => isRestricted(asObject(entry) ?? {})),
  };
  return Object.keys(rules).filter((name) => rules[name] !== true);
}

function isRestricted(entry: JsonObject): boolean {
  const context = asObject(entry['securityContext']) ?? {};
  const hasHostPort = (asArray(entry['ports']) ?? []).some((port) => asObject(port)?.['hostPort'] !== undefined);
  const dropped = asArray(asObject(context['capabilities'])?.['drop']) ?? [];
  return context['allowPrivilegeEscalation'] === false && dropped.includes('ALL') && !hasHostPort;
}
