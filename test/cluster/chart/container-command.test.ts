/** Tests what the test kubelet makes of arguments and variables. */
import assert from 'node:assert/strict';
import { containerCommand, type Place } from './container-command.ts';
import type { EnvironmentEntry, ScheduledPod } from './pod-spec.ts';

const place: Place = {
  podIp: '192.0.2.1',
  folders: new Map([['/etc/webhook/certs', '/run/cert']]),
  kubeconfigPath: '/run/kubeconfig',
};

function podOf(args: readonly string[], env: readonly EnvironmentEntry[] = []): ScheduledPod {
  return {
    metadata: { name: 'one', namespace: 'space', uid: 'uid' },
    spec: {
      serviceAccountName: 'account',
      restartPolicy: 'Always',
      containers: [{ name: 'webhook', image: 'image', args, env }],
    },
    status: {},
  };
}

function argumentsOf(args: readonly string[], env?: readonly EnvironmentEntry[]): readonly string[] {
  return containerCommand(podOf(args, env), place).arguments.slice(0, -1);
}

describe('the command of a container', () => {
  it('has variables filled in as Kubernetes does', () => {
    const env = [
      { name: 'SPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'BOTH', value: '$(SPACE)/$(ADDRESS)' },
    ];
    assert.deepEqual(argumentsOf(['--a=$(BOTH)', '--b=$$(BOTH)', '--c=$(NONE)'], env), [
      '--a=space/192.0.2.1',
      '--b=$(BOTH)',
      '--c=$(NONE)',
    ]);
  });

  it('has the name of the pod for HOSTNAME, unless the container has another one', () => {
    assert.equal(containerCommand(podOf([]), place).environment['HOSTNAME'], 'one');
    const env = [{ name: 'HOSTNAME', value: 'other' }];
    assert.equal(containerCommand(podOf([], env), place).environment['HOSTNAME'], 'other');
  });

  it('takes free ports, finds what is mounted, and is told where the token is', () => {
    const args = [
      '--port=9443',
      '--metrics-port=9999',
      '--tls-cert=/etc/webhook/certs/tls.crt',
      '--x=/etc/webhook/certs2',
    ];
    assert.deepEqual(containerCommand(podOf(args), place).arguments, [
      '--port=0',
      '--metrics-port=0',
      '--tls-cert=/run/cert/tls.crt',
      '--x=/etc/webhook/certs2',
      '--kubeconfig=/run/kubeconfig',
    ]);
  });

  it('is refused where a variable comes from what is not known', () => {
    const env = [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.unknown' } } }];
    assert.throws(() => argumentsOf([], env), /^Error: Expected one of metadata\.name, .*, got spec\.unknown$/);
  });
});
