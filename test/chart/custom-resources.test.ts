// Objects of cert-manager and of the Prometheus operator, by the schemas that these publish.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Certificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate';
import { Issuer } from '@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { projectFolder } from '../program.ts';
import { presetNames } from './chart.ts';
import { nameOf, renderObjects } from './helm.ts';
import { modes, presetWithMode } from './renderings.ts';

/** What the chart makes of them, and which package has its schema. */
const classes = { Certificate, Issuer, PodMonitor, PrometheusRule, ServiceMonitor };
type Kind = keyof typeof classes;

const packageOf = (kind: Kind): string =>
  kind === 'Certificate' || kind === 'Issuer'
    ? `@kubernetes-models/cert-manager/cert-manager.io/v1/${kind}`
    : `@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/${kind}`;

/** Every other group of the chart is the API server's own, which takes its objects in test/cluster. */
const customGroups = /^(?:cert-manager\.io|monitoring\.coreos\.com)\//;

const isKind = (kind: string): kind is Kind => kind in classes;

/** All monitors, of which there may be one at a time, and whatever their values can bring. */
const monitors: readonly JsonObject[] = [
  { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } },
  { podMonitor: { enabled: true }, prometheusRule: { enabled: true } },
];

function renderAll(): readonly JsonObject[] {
  const objects = [undefined, ...presetNames()].flatMap((preset) =>
    (['self-managed', 'cert-manager', 'secret'] as const).flatMap((mode) =>
      monitors.flatMap((monitoring) => {
        const rendering = preset === undefined ? { values: modes[mode] } : presetWithMode(preset, mode);
        return renderObjects({ ...rendering, values: { ...rendering.values, monitoring } });
      }),
    ),
  );
  const issuer = { issuerRef: { name: 'corporate', kind: 'ClusterIssuer', group: 'cert-manager.io' } };
  const foreign = renderObjects({ values: { certificates: { mode: 'cert-manager', certManager: issuer } } });
  const custom = [...objects, ...foreign].filter(({ apiVersion }) => customGroups.test(String(apiVersion)));
  return [...new Map(custom.map((object) => [JSON.stringify(object), object])).values()];
}

function validate(kind: Kind, object: JsonObject): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what is validated
  new classes[kind](object as never).validate();
}

/** What a validator passes over, a type does not: a literal with a field that the schema does not know. */
function compile(objects: readonly JsonObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'irsa-webhook-schemas-'));
  try {
    const kinds = Object.keys(classes).filter(isKind);
    const imports = kinds.map((kind) => `import type { I${kind} } from '${packageOf(kind)}';`);
    const literals = objects.map((object, index) => {
      const type = `I${String(object['kind'])}`;
      return `export const object${String(index)}: ${type} = ${JSON.stringify(object)};`;
    });
    writeFileSync(join(folder, 'objects.ts'), [...imports, ...literals].join('\n'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'];
    const tsc = join(projectFolder, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...flags, 'objects.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('custom resources of the chart', function () {
  this.timeout(120_000);
  let objects: readonly JsonObject[];

  before(() => {
    objects = renderAll();
  });

  it('are of kinds whose schemas are known here', () => {
    assert.deepEqual([...new Set(objects.map(({ kind }) => String(kind)))].toSorted(), Object.keys(classes).toSorted());
  });

  for (const kind of Object.keys(classes).filter(isKind)) {
    it(`each ${kind} is one by its schema`, () => {
      const ofThisKind = objects.filter((object) => object['kind'] === kind);
      assert.ok(ofThisKind.length > 0, 'there is one');
      for (const object of ofThisKind) {
        assert.equal(asString(object['apiVersion']), classes[kind].apiVersion);
        validate(kind, object);
      }
    });
  }

  it('has no field that a schema does not know', () => {
    assert.equal(compile(objects), '');
  });

  it('is held to that: a field too many, one too few, a number for a text', () => {
    const certificate = objects.find((object) => object['kind'] === 'Certificate') ?? assert.fail();
    const spec = asObject(certificate['spec']) ?? assert.fail();
    const name = nameOf(certificate) ?? '';
    assert.match(
      compile([{ ...certificate, spec: { ...spec, secretNames: [name] } }]),
      /"secretNames"' does not exist/,
    );
    const { secretName: _, ...rest } = spec;
    for (const wrong of [rest, { ...spec, secretName: 7 }]) {
      assert.throws(() => {
        validate('Certificate', { ...certificate, spec: wrong });
      }, /secretName/);
    }
  });
});
