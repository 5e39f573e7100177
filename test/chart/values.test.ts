// Holds values.yaml and its schema to each other and to the flags of the program.
import assert from 'node:assert/strict';
import { serveFlags } from '../../src/commands/flags.ts';
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { chartFolder, chartSchema, chartValues } from './chart.ts';
import { runHelm, tryChart } from './helm.ts';
import { describeSchema, findInSchema, partsOf } from './schema.ts';

/** Flags that follow from other values, or make no sense in a pod. */
const flagsOfTheChart: readonly string[] = [
  'port',
  'metrics-port',
  'namespace',
  'shutdown-delay',
  'service-name',
  'tls-secret',
  'webhook-configuration',
  'in-cluster',
  'tls-cert',
  'tls-key',
  'self-signed',
  'kubeconfig',
  'kube-api',
  'service-accounts',
  'version',
];

/** How the value of a flag is called. */
function valueName(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Objects whose keys are the user's, as in Kubernetes' own types. */
const openObjects: readonly string[] = [
  'affinity',
  'global',
  'podSecurityContext',
  'securityContext',
  'extraEnv.[]',
  'extraVolumeMounts.[]',
  'extraVolumes.[]',
  'tolerations.[]',
  'topologySpreadConstraints.[]',
  'networkPolicy.extraEgress.[]',
  'networkPolicy.metricsFrom.[]',
];

describe('the values of the chart', () => {
  const values = chartValues();
  const schema = chartSchema();
  const paths = values.map(({ path }) => path.join('.'));

  it('are described, each once', () => {
    assert.deepEqual(
      values.filter(({ description = '' }) => !/^[A-Z`/][^]*[.)]$/.test(description)).map(({ path }) => path.join('.')),
      [],
      'expected a sentence behind # --',
    );
    assert.equal(new Set(paths).size, paths.length);
  });

  it('are in the schema with the same description, and nothing else is', () => {
    for (const { path } of values) assert.ok(findInSchema(schema, path), `${path.join('.')} is not in the schema`);
    assert.deepEqual(describeSchema(schema, values), schema, 'npm run chart');
    const leaves = partsOf(schema).filter(({ path, schema: part }) => {
      const isInner = path.length === 0 || asObject(part['properties']) !== undefined;
      return !isInner && !path.includes('*') && !path.includes('[]');
    });
    assert.deepEqual(
      leaves.map(({ path }) => path.join('.')).filter((path) => path !== 'global' && !isIn(paths, path)),
      [],
      'expected in values.yaml',
    );
  });

  it('are described at each level of the schema', () => {
    const blank = partsOf(schema).filter(
      ({ path, schema: part }) =>
        path.length > 0 && path.at(-1) !== '[]' && path.at(-1) !== '*' && !part['description'],
    );
    assert.deepEqual(
      blank.map(({ path }) => path.join('.')),
      [],
    );
  });

  it('are closed at each level, but where the keys are those of Kubernetes', () => {
    const open = partsOf(schema).filter(({ schema: part }) => isOpen(part));
    const names = open.map(({ path }) => path.join('.'));
    assert.deepEqual(
      names.filter((name) => !openObjects.includes(name) && !/(?:[rR]elabelings\.\[\]|[sS]elector)$/.test(name)),
      [],
    );
  });

  it('have one for each flag that is not the chart own affair, with the default of the program', () => {
    const userFlags = serveFlags.filter(
      ({ name, group }) => !flagsOfTheChart.includes(name) && !group.startsWith('Accepted'),
    );
    const blocks = ['config', 'certificates.selfManaged'];
    const found = values.filter(({ path }) => blocks.includes(path.slice(0, -1).join('.')));
    const defaults = new Map(
      found.map(({ path, default: value }) => [path.at(-1)?.replace(/Seconds$/, ''), String(value)]),
    );
    assert.deepEqual(defaults, new Map(userFlags.map(({ name, default: value }) => [valueName(name), value])));
  });

  it('render without a word of warning', () => {
    const { status, errors } = tryChart('template');
    assert.deepEqual({ status, errors }, { status: 0, errors: '' });
  });
});

/** Whether it is one of the paths, or below one. */
function isIn(paths: readonly string[], path: string): boolean {
  return paths.some((value) => value === path || path.startsWith(`${value}.`));
}

function isOpen(schema: JsonObject): boolean {
  const type = schema['type'];
  const isObject = type === 'object' || asArray(type)?.includes('object') === true;
  return isObject && schema['additionalProperties'] !== false && asObject(schema['additionalProperties']) === undefined;
}

/** Wrong values, and where helm must say that they are wrong. */
const wrongValues: readonly (readonly [what: string, values: JsonObject, path: string])[] = [
  ['a value that does not exist', { replicaCount: 2 }, "at '': additional properties 'replicaCount' not allowed"],
  ['one below', { image: { name: 'x' } }, "at '/image': additional properties 'name' not allowed"],
  ['a text for a number', { replicas: '2' }, "at '/replicas': got string, want integer"],
  ['a negative number', { replicas: -1 }, "at '/replicas': minimum: got -1, want 0"],
  ['a text for a boolean', { hostNetwork: 'yes' }, "at '/hostNetwork': got string, want boolean"],
  ['a port that there is not', { port: 65_536 }, "at '/port': maximum: got 65,536, want 65,535"],
  ['an unknown mode', { certificates: { mode: 'csr' } }, "at '/certificates/mode': value must be one of"],
  [
    'an account without its leading zero',
    { config: { awsAccountId: 11_122_223_333 } },
    "at '/config/awsAccountId': got",
  ],
  ['a short account', { config: { awsAccountId: '1' } }, "at '/config/awsAccountId': '1' does not match pattern"],
  [
    'a time without a unit',
    { config: { lookupTimeout: '1' } },
    "at '/config/lookupTimeout': '1' does not match pattern",
  ],
  ['a short token', { config: { tokenExpirationSeconds: 60 } }, "at '/config/tokenExpirationSeconds': minimum"],
  ['a long drain', { shutdownDelaySeconds: 26 }, "at '/shutdownDelaySeconds': maximum: got 26, want 25"],
  ['a label that is a number', { podLabels: { tier: 1 } }, "at '/podLabels/tier': got number, want string"],
  [
    'half a percentage',
    { rollingUpdate: { maxSurge: '25' } },
    "at '/rollingUpdate/maxSurge': '25' does not match pattern",
  ],
  ['a digest that is none', { image: { digest: 'sha256:1' } }, "at '/image/digest': 'sha256:1' does not match pattern"],
  [
    'a key of the map without a slash',
    { roleMap: { api: {} } },
    "at '/roleMap': additional properties 'api' not allowed",
  ],
  [
    'a wrong field in the map',
    { roleMap: { 'a/b': { RoleArn: 'x' } } },
    "at '/roleMap/a~1b': additional properties 'RoleArn' not allowed",
  ],
  ['an argument that is no flag', { extraArgs: ['serve'] }, "at '/extraArgs/0': 'serve' does not match pattern"],
];

describe('wrong values are refused with their path', () => {
  for (const [what, values, path] of wrongValues) {
    it(what, () => {
      const { status, errors } = tryChart('template', { values });
      assert.notEqual(status, 0);
      assert.ok(errors.includes(path), errors);
    });
  }

  it('by helm lint and helm package too', () => {
    const run = runHelm(['lint', chartFolder, '--values', '-'], JSON.stringify({ replicas: 'two' }));
    assert.notEqual(run.status, 0);
    assert.match(run.output + run.errors, /at '\/replicas': got string, want integer/);
    assert.equal(asString(chartSchema()['$schema']), 'http://json-schema.org/draft-07/schema#');
  });
});
