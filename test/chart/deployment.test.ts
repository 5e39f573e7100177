// The Deployment, and what stands around it, in what an operator relies on.
import assert from 'node:assert/strict';
import { asArray, asObject } from '../../src/identity/json.ts';
import { brokenRules } from './pod-security.ts';
import { snapshotObjects } from './documents.ts';
import { nameOf, ofKind, renderObjects, theOne } from './helm.ts';
import { container, deploymentSpec, podLabels, podSpec } from './pod-template.ts';
import { modes, presetRendering, snapshotRenderings } from './renderings.ts';

describe('the Deployment', () => {
  it('replaces two replicas without one missing, spread over nodes and zones', () => {
    const objects = renderObjects();
    const spec = deploymentSpec(objects);
    assert.equal(spec['replicas'], 2);
    assert.deepEqual(asObject(spec['strategy'])?.['rollingUpdate'], { maxUnavailable: 0, maxSurge: 1 });
    const selector = asObject(spec['selector']);
    const spread = asArray(podSpec(objects)['topologySpreadConstraints'])?.map((entry) => asObject(entry) ?? {}) ?? [];
    assert.deepEqual(
      spread.map((entry) => entry['topologyKey']),
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'],
    );
    for (const entry of spread) {
      assert.deepEqual(entry['labelSelector'], selector);
      assert.deepEqual(entry['matchLabelKeys'], ['pod-template-hash']);
      assert.equal(entry['whenUnsatisfiable'], 'ScheduleAnyway');
    }
    assert.equal(podSpec(objects)['priorityClassName'], 'system-cluster-critical');
  });

  it('leaves a constraint its own selector', () => {
    const own = {
      maxSkew: 1,
      topologyKey: 'rack',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: {} },
    };
    const objects = renderObjects({ values: { topologySpreadConstraints: [own] } });
    assert.deepEqual(podSpec(objects)['topologySpreadConstraints'], [own]);
  });

  for (const [name, rendering] of snapshotRenderings()) {
    const isForTheHost = name === 'host-network';
    it(`${isForTheHost ? 'breaks only by its network' : 'keeps to'} the pod security standard restricted: ${name}`, () => {
      const broken = brokenRules(podSpec(snapshotObjects(name)));
      assert.deepEqual(broken, isForTheHost ? ['hostNetwork'] : []);
    });

    it(`selects its own pods, and only pods that are told from others by name and release: ${name}`, () => {
      const objects = snapshotObjects(name);
      const labels = podLabels(objects);
      const selector = asObject(asObject(deploymentSpec(objects)['selector'])?.['matchLabels']) ?? {};
      for (const [key, value] of Object.entries(selector)) assert.equal(labels[key], value);
      assert.equal(labels['app.kubernetes.io/instance'], rendering.release ?? 'irsa-webhook');
      assert.equal(typeof labels['app.kubernetes.io/name'], 'string');
      const service = ofKind(objects, 'Service').find(
        (object) => nameOf(object) === nameOf(theOne(objects, 'Deployment')),
      );
      assert.deepEqual(asObject(service?.['spec'])?.['selector'], selector);
    });
  }

  it('has no limit of CPU, and one of memory', () => {
    const resources = asObject(container(renderObjects())['resources']);
    assert.deepEqual(resources, { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } });
  });

  it('asks over TLS whether replicas live and are ready, and starts none anew because of certificates', () => {
    const { startupProbe, readinessProbe, livenessProbe } = container(renderObjects());
    const asked = [startupProbe, readinessProbe, livenessProbe].map((probe) => asObject(probe)?.['httpGet']);
    const overTls = { port: 'https', scheme: 'HTTPS' };
    assert.deepEqual(
      asked,
      ['/livez', '/readyz', '/livez'].map((path) => ({ path, ...overTls })),
    );
  });

  for (const [delaySeconds, graceSeconds] of [
    [0, 35],
    [5, 35],
    [15, 45],
    [25, 55],
  ] as const) {
    it(`gives pods ${String(graceSeconds)} s to end with a drain of ${String(delaySeconds)} s`, () => {
      const objects = renderObjects({ values: { shutdownDelaySeconds: delaySeconds } });
      assert.equal(podSpec(objects)['terminationGracePeriodSeconds'], graceSeconds);
    });
  }

  it('has its pods told from the node in the Lease, also in the host network', () => {
    const objects = renderObjects({ values: { hostNetwork: true } });
    const names = asArray(container(objects)['env'])?.map((entry) => asObject(entry) ?? {}) ?? [];
    assert.deepEqual(
      names.map(({ name, valueFrom }) => [name, valueFrom]),
      [
        ['POD_NAMESPACE', { fieldRef: { fieldPath: 'metadata.namespace' } }],
        ['HOSTNAME', { fieldRef: { fieldPath: 'metadata.name' } }],
      ],
    );
    assert.equal(podSpec(objects)['dnsPolicy'], 'ClusterFirstWithHostNet');
  });

  it('mounts a Secret only where the program reads files, and never that of an authority', () => {
    const volumes = Object.entries(modes).map(([mode, values]) => {
      const objects = renderObjects({ values });
      const secrets = (asArray(podSpec(objects)['volumes']) ?? []).map(
        (volume) => asObject(asObject(volume)?.['secret'])?.['secretName'],
      );
      return [mode, secrets] as const;
    });
    assert.deepEqual(volumes, [
      ['self-managed', []],
      ['cert-manager', ['irsa-webhook-tls']],
      ['secret', ['webhook-pair']],
    ]);
  });

  it('leaves user and group to OpenShift', () => {
    const context = podSpec(renderObjects(presetRendering('openshift')))['securityContext'];
    assert.deepEqual(context, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('takes over the Go webhook by the names that its manifests have', () => {
    const objects = renderObjects(presetRendering('takeover-from-go-webhook'));
    const name = 'pod-identity-webhook';
    for (const kind of ['Deployment', 'Service', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding']) {
      theOne(objects, kind, name);
    }
    assert.deepEqual(asObject(deploymentSpec(objects)['selector'])?.['matchLabels'], { app: name });
    assert.equal(container(objects)['name'], name);
    const [port] = asArray(asObject(theOne(objects, 'Service', name)['spec'])?.['ports']) ?? [];
    assert.equal(asObject(port)?.['targetPort'], 443);
  });
});
