/** Pure: with which arguments and variables the test kubelet starts the program, as the container of a pod says. */
import type { ContainerSpec, ScheduledPod } from './pod-spec.ts';

/** What of a container differs on this machine. */
export type Place = {
  readonly podIp: string;
  /** Folders on this machine by the paths that the container has them mounted at. */
  readonly folders: ReadonlyMap<string, string>;
  /** In place of the mounted token, whose folder is the program's own constant. */
  readonly kubeconfigPath: string;
};

/** What a process is started with. */
export type ContainerCommand = {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

/** Returns arguments and variables; throws where a variable comes from what this kubelet does not know. */
export function containerCommand(pod: ScheduledPod, place: Place): ContainerCommand {
  const [container] = pod.spec.containers;
  const environment = environmentOf(container, pod, place.podIp);
  const args = (container.args ?? []).map((argument) =>
    withFreePort(withLocalPath(expand(argument, environment), place.folders)),
  );
  return { arguments: [...args, `--kubeconfig=${place.kubeconfigPath}`], environment };
}

/** As the kubelet: HOSTNAME is the pod's name, and a variable may use those before it. */
function environmentOf({ env = [] }: ContainerSpec, pod: ScheduledPod, podIp: string): Record<string, string> {
  const environment: Record<string, string> = { HOSTNAME: pod.metadata.name };
  for (const { name, value = '', valueFrom } of env) {
    environment[name] =
      valueFrom === undefined ? expand(value, environment) : fieldOf(pod, podIp, valueFrom.fieldRef?.fieldPath);
  }
  return environment;
}

function fieldOf(pod: ScheduledPod, podIp: string, fieldPath = 'no fieldRef'): string {
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName,
    'status.podIP': podIp,
  };
  const field = fields[fieldPath];
  if (field === undefined) throw new Error(`Expected one of ${Object.keys(fields).join(', ')}, got ${fieldPath}`);
  return field;
}

/** `$(NAME)` is a variable's value, `$$` a dollar sign; a name that is not known stays as it is. */
function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]+)\)/g, (found, name?: string) =>
    name === undefined ? '$' : (environment[name] ?? found),
  );
}

function withLocalPath(argument: string, folders: ReadonlyMap<string, string>): string {
  for (const [mountPath, folder] of folders) {
    const value = argument.slice(argument.indexOf('=') + 1);
    if (value === mountPath || value.startsWith(`${mountPath}/`)) return argument.replace(mountPath, folder);
  }
  return argument;
}

/** All pods are on one machine here: each takes ports that are free, and tells them in its log. */
function withFreePort(argument: string): string {
  return argument.replace(/^(--(?:metrics-)?port)=\d+$/, '$1=0');
}
