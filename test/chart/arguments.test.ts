// Every argument that the chart renders is understood by the program, as it was meant.
import assert from 'node:assert/strict';
import { serveFlags } from '../../src/commands/flags.ts';
import { rotationSettings } from '../../src/commands/self-managed.ts';
import { parseTlsSettings } from '../../src/commands/tls-settings.ts';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import { chartValues } from './chart.ts';
import { snapshotObjects } from './documents.ts';
import { renderObjects } from './helm.ts';
import { container, containerArguments, flagOf, parsedFlags } from './pod-template.ts';
import { snapshotRenderings } from './renderings.ts';

/** Another value than the default for each flag of the config. */
const others: JsonObject = {
  annotationPrefix: 'identity.example.com',
  tokenAudience: 'openshift',
  tokenExpirationSeconds: 4_294_967_296,
  tokenExpirationJitter: true,
  tokenMountPath: '/run/a: b #c',
  awsDefaultRegion: 'eu-west-1',
  stsRegionalEndpoint: true,
  composeRoleArn: true,
  awsAccountId: '011122223333',
  awsPartition: 'aws-cn',
  liveLookups: 'off',
  lookupTimeout: '1m30s',
  watchConfigMap: true,
  watchNamespaces: true,
  respectEnvFrom: true,
  watchContainerCredentialsConfig: '/etc/credentials/config.json',
  containerCredentialsAudience: 'agents',
  containerCredentialsTokenMountPath: '/run/agent',
  containerCredentialsTokenVolumeName: 'agent',
  containerCredentialsTokenPath: 'token',
  containerCredentialsFullUri: 'http://[fd00:ec2::23]/v1/credentials?a=b&c={d}',
  tlsMinVersion: '1.3',
  tlsCipherSuites: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  clientCaFile: '/etc/callers/ca.crt',
  clientName: 'kube-apiserver,"front"',
  maxConnections: 10_000_000,
  maxReviewsInFlight: 1_000_000,
  enableDebuggingHandlers: true,
  v: 4,
};

describe('the arguments of the container', () => {
  for (const [name, rendering] of snapshotRenderings()) {
    it(`are understood: ${name}`, () => {
      const objects = snapshotObjects(name);
      const { values } = parsedFlags(objects);
      assert.equal(values.namespace, rendering.namespace ?? 'irsa-webhook');
      parseTlsSettings(values['tls-min-version'], values['tls-cipher-suites']);
      if (values['in-cluster']) rotationSettings(values);
      const ports = [
        { name: 'https', containerPort: values.port },
        { name: 'metrics', containerPort: values['metrics-port'] },
      ];
      assert.deepEqual(container(objects)['ports'], ports);
    });
  }

  it('say each thing once, and are flags by their whole name', () => {
    const names = containerArguments(renderObjects()).map((arg) => /^--([a-z-]+)=/.exec(arg)?.[1] ?? arg);
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
    const known = new Set<string>(serveFlags.map(({ name }) => name));
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
  });

  it('are the defaults of the program where nothing is said', () => {
    const { values, given } = parsedFlags(renderObjects());
    const { values: defaults } = parsedFlags([deploymentWithout()]);
    const ofTheChart = ['port', 'namespace', 'service-name', 'tls-secret', 'webhook-configuration'];
    for (const { name } of serveFlags) {
      if (!ofTheChart.includes(name)) assert.deepEqual(values[name], defaults[name], name);
    }
    assert.ok(given.has('in-cluster'));
  });

  it('have every value of the config as it was given', () => {
    const known = chartValues().filter(({ path }) => path[0] === 'config');
    assert.deepEqual(Object.keys(others).toSorted(), known.map(({ path }) => path[1] ?? '').toSorted());
    const { values } = parsedFlags(renderObjects({ values: { config: others } }));
    for (const { path, default: value } of known) {
      const key = path[1] ?? '';
      const flag = flagOf(key);
      const expected = key === 'lookupTimeout' ? 90_000 : others[key];
      assert.notDeepEqual(others[key], value, key);
      assert.deepEqual(asObject(values)?.[flag], expected, flag);
    }
  });

  it('have the lifetimes of the authority only where there is one', () => {
    const lifetimes = { caLifetime: '24h', certificateLifetime: '2h', caPropagationDelay: '90s', leaseDuration: '20s' };
    const { values } = parsedFlags(renderObjects({ values: { certificates: { selfManaged: lifetimes } } }));
    assert.equal(values['ca-lifetime'], 86_400_000);
    assert.equal(values['certificate-lifetime'], 7_200_000);
    assert.equal(values['ca-propagation-delay'], 90_000);
    assert.equal(values['lease-duration'], 20_000);
    const { given } = parsedFlags(renderObjects({ values: { certificates: { mode: 'cert-manager' } } }));
    for (const name of ['ca-lifetime', 'certificate-lifetime', 'lease-duration', 'tls-secret']) {
      assert.ok(!given.has(name), name);
    }
  });

  it('have the map of roles watched where there is one', () => {
    const roleMap = { 'a/b': { RoleARN: '' } };
    assert.equal(parsedFlags(renderObjects({ values: { roleMap } })).values['watch-config-map'], true);
  });

  it('end with those that a user adds', () => {
    const { values } = parsedFlags(renderObjects({ values: { extraArgs: ['--kubeconfig=/etc/cluster/config'] } }));
    assert.equal(values.kubeconfig, '/etc/cluster/config');
  });
});

/** Returns a Deployment without arguments. */
function deploymentWithout(): JsonObject {
  return { kind: 'Deployment', spec: { template: { spec: { containers: [{}] } } } };
}
