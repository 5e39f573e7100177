// The pod that the self-test sends: the least that every namespace takes.
import type { Identity } from '../../identity/identity.ts';
import type { JsonObject } from '../../identity/json.ts';
import { inject } from '../../injection/inject.ts';
import type { InjectionOutcome } from '../../injection/outcome.ts';
import type { InjectionSettings } from '../../injection/settings.ts';

/** What the pod depends on. */
export type SelftestPodOptions = {
  readonly serviceAccountName: string;
  readonly image: string;
  readonly identity: Identity;
  readonly settings: InjectionSettings;
};

const initName = 'selftest-init';
const containerName = 'selftest';

/** An account may name a hundred containers; a few show as much. */
const maxContainers = 4;

/**
 * Returns a pod of the account with an init container and a container, or with containers of the names that the account's
 * annotations give a role to; an outcome where they give one to none.
 */
export function createSelftestPod(options: SelftestPodOptions): JsonObject | InjectionOutcome {
  const { identity, settings } = options;
  const named = [...(identity.options?.includedContainers ?? []), ...(identity.containerRoles?.keys() ?? [])];
  const outcomeOf = (name: string) => inject(podOf([], [name], options), identity, settings).outcome;
  const chosen = [...new Set([initName, containerName, ...named])].filter((name) => outcomeOf(name) === 'injected');
  const containers = chosen.filter((name) => name !== initName).slice(0, maxContainers);
  if (containers.length > 0) return podOf(chosen.includes(initName) ? [initName] : [], containers, options);
  return chosen.length > 0 ? podOf([], chosen, options) : outcomeOf(containerName);
}

function podOf(
  initNames: readonly string[],
  names: readonly string[],
  { serviceAccountName, image }: SelftestPodOptions,
): JsonObject {
  const initContainers = initNames.map((name) => containerOf(name, image));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'irsa-webhook-selftest-',
      labels: { 'app.kubernetes.io/name': 'irsa-webhook-selftest', 'app.kubernetes.io/component': 'dry-run' },
    },
    spec: {
      serviceAccountName,
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      // What the Pod Security Standard "restricted" asks for; a user ID would be outside of OpenShift's ranges.
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ...(initContainers.length > 0 && { initContainers }),
      containers: names.map((name) => containerOf(name, image)),
    },
  };
}

function containerOf(name: string, image: string): JsonObject {
  // A quota may ask for each of them.
  const amount = { cpu: '10m', memory: '16Mi' };
  return {
    name,
    image,
    resources: { requests: amount, limits: amount },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}
