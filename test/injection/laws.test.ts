// Laws that hold for every pod, every identity and all settings.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity/identity.ts';
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { inject } from '../../src/injection/inject.ts';
import type { AddOperation } from '../../src/injection/operations.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';
import { parseContainerNames } from '../../src/identity/container-names.ts';
import { applyOperations } from './apply.ts';
import { podArbitrary } from './random-pods.ts';
import { identityArbitrary, settingsArbitrary } from './random-settings.ts';

/** Random cases a law: the whole file then takes some seconds. */
const runs = { numRuns: 1500 };
const anyPod = podArbitrary({ wrongTypes: true });
const goodPod = podArbitrary({ wrongTypes: false });

type Case = { readonly pod: JsonObject; readonly identity: Identity; readonly settings: InjectionSettings };

function holds(pods: fc.Arbitrary<JsonObject>, law: (given: Case) => void): void {
  const cases = fc.record({ pod: pods, identity: identityArbitrary, settings: settingsArbitrary });
  fc.assert(fc.property(cases, law), runs);
}

describe('injection/laws', () => {
  it('only adds: taking the additions away again gives back the pod, byte for byte', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      const { operations } = inject(pod, identity, settings);
      const applied = applyOperations(pod, operations);
      assert.equal(JSON.stringify(takeAway(applied, operations, pod)), JSON.stringify(pod));
    });
  });

  it('asks for nothing but additions, each at a new place or at an end of an array', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      let current: unknown = pod;
      for (const operation of inject(pod, identity, settings).operations) {
        assert.equal(operation.op, 'add');
        const { parent, key } = placeOf(current, operation.path);
        if (Array.isArray(parent)) assert.ok(key === '-' || key === '0', operation.path);
        else assert.ok((asObject(parent)?.[key] ?? undefined) === undefined, `${operation.path} is there already`);
        current = applyOperations(current, [operation]);
      }
    });
  });

  it('is idempotent', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      const first = inject(pod, identity, settings);
      const second = inject(applyOperations(pod, first.operations), identity, settings);
      assert.deepEqual(second.operations, []);
      assert.equal(second.outcome, first.outcome);
    });
  });

  it('is idempotent when the pod gets its name and its volumes their defaultMode between the calls', () => {
    holds(goodPod, ({ pod, identity, settings }) => {
      const first = inject(pod, identity, settings);
      const between = withDefaults(applyOperations(pod, first.operations));
      const second = inject(between, identity, settings);
      assert.deepEqual(second.operations, []);
      assert.equal(second.outcome, first.outcome);
    });
  });

  it('gives a sidecar that another webhook appends between the calls its own share, and nothing to the others', () => {
    holds(goodPod, ({ pod, identity, settings }) => {
      const first = inject(pod, identity, settings);
      const { pod: between, index } = withSidecar(applyOperations(pod, first.operations));
      const second = inject(between, identity, settings);
      const elsewhere = second.operations.filter(({ path }) => !path.startsWith(`/spec/containers/${String(index)}/`));
      assert.deepEqual(elsewhere, []);
      const third = inject(applyOperations(between, second.operations), identity, settings);
      assert.deepEqual(third.operations, []);
      assert.equal(third.outcome, second.outcome);
      if (first.outcome === 'injected') assert.equal(second.outcome, 'injected');
    });
  });

  it('never changes its input', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      inject(deepFreeze(pod), deepFreeze(identity), deepFreeze(settings));
    });
  });

  it('never throws, whatever the JSON', () => {
    const anything = fc.anything({ maxDepth: 4, key: fc.oneof(fc.string(), fc.constantFrom('spec', 'metadata')) });
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), anything),
        identityArbitrary,
        settingsArbitrary,
        (pod, identity, settings) => {
          inject(pod, identity, settings);
          inject({ spec: pod }, identity, settings);
          inject({ metadata: pod, spec: { containers: [pod], volumes: [pod] } }, identity, settings);
        },
      ),
      runs,
    );
  });

  it('says injected if and only if a container ends with the identity', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      const { operations, outcome } = inject(pod, identity, settings);
      const applied = applyOperations(pod, operations);
      assert.equal(outcome === 'injected', someContainerHas(applied, identity, settings));
    });
  });

  it('leaves a skipped container alone', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      const skipped = skippedNames(pod, settings);
      const applied = applyOperations(pod, inject(pod, identity, settings).operations);
      assert.deepEqual(
        containersOf(applied).filter((container) => skipped.has(asString(container['name']) ?? '')),
        containersOf(pod).filter((container) => skipped.has(asString(container['name']) ?? '')),
      );
    });
  });

  it('warns in lines that the API server passes on', () => {
    holds(anyPod, ({ pod, identity, settings }) => {
      for (const warning of inject(pod, identity, settings).warnings) assert.match(warning, /^[ -~]{1,120}$/);
    });
  });
});

/** Undoes the operations, last one first. A list that was null, which counts as absent, becomes null again. */
function takeAway(applied: unknown, operations: readonly AddOperation[], original: unknown): unknown {
  const pod: unknown = structuredClone(applied);
  for (const { path } of operations.toReversed()) {
    const { parent, key } = placeOf(pod, path);
    assert.ok(typeof parent === 'object' && parent !== null);
    if (Array.isArray(parent)) parent.splice(key === '-' ? -1 : Number(key), 1);
    else if (asObject(placeOf(original, path).parent)?.[key] === null) Reflect.set(parent, key, null);
    else Reflect.deleteProperty(parent, key);
  }
  return pod;
}

/** Walks a pointer (RFC 6901) up to its last segment. */
function placeOf(pod: unknown, path: string): { parent: unknown; key: string } {
  const segments = path
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = segments.pop() ?? '';
  const parent = segments.reduce(step, pod);
  return { parent, key };
}

function step(value: unknown, segment: string): unknown {
  return asArray(value)?.[Number(segment)] ?? asObject(value)?.[segment];
}

/** What the API server and a controller fill in between two calls. */
function withDefaults(value: unknown): unknown {
  const pod = asObject(value) ?? {};
  const spec = asObject(pod['spec']) ?? {};
  const volumes = asArray(spec['volumes'])?.map((volume) => {
    const projected = asObject(asObject(volume)?.['projected']);
    return projected === undefined ? volume : { ...asObject(volume), projected: { defaultMode: 420, ...projected } };
  });
  return {
    ...pod,
    metadata: { ...asObject(pod['metadata']), name: 'app-7d4b9' },
    spec: { ...spec, ...(volumes && { volumes }) },
  };
}

function withSidecar(value: unknown): { pod: unknown; index: number } {
  const pod = asObject(value) ?? {};
  const spec = asObject(pod['spec']) ?? {};
  const containers = asArray(spec['containers']) ?? [];
  const sidecar = {
    name: 'istio-proxy',
    image: 'proxyv2',
    volumeMounts: [{ name: 'istiod-ca', mountPath: '/etc/istio' }],
  };
  return { pod: { ...pod, spec: { ...spec, containers: [...containers, sidecar] } }, index: containers.length };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

function containersOf(pod: unknown): JsonObject[] {
  const spec = asObject(asObject(pod)?.['spec']);
  return ['initContainers', 'containers']
    .flatMap((field) => asArray(spec?.[field]) ?? [])
    .map(asObject)
    .filter((container) => container !== undefined);
}

function skippedNames(pod: unknown, { annotationPrefix }: InjectionSettings): ReadonlySet<string> {
  const annotations = asObject(asObject(asObject(pod)?.['metadata'])?.['annotations']);
  return parseContainerNames(asString(annotations?.[`${annotationPrefix}/skip-containers`]) ?? '') ?? new Set();
}

/** Looks at the applied pod only: both variables, and a mount of a whole volume with the token where they point. */
function someContainerHas(pod: unknown, identity: Identity, settings: InjectionSettings): boolean {
  const spec = asObject(asObject(pod)?.['spec']);
  const volumes = (asArray(spec?.['volumes']) ?? [])
    .map(asObject)
    .filter((volume) => holdsToken(volume, identity.audience));
  const names = new Set(volumes.map((volume) => volume?.['name']));
  const selector = Object.entries(asObject(spec?.['nodeSelector']) ?? {});
  const windows = selector.some(([label, os]) => /^(beta\.)?kubernetes\.io\/os$/.test(label) && os === 'windows');
  const skipped = skippedNames(pod, settings);

  return containersOf(pod).some((container) => {
    if (skipped.has(asString(container['name']) ?? '')) return false;
    const variables = asArray(container['env']) ?? [];
    const valueOf = (name: string): unknown =>
      asObject(variables.findLast((variable) => asObject(variable)?.['name'] === name))?.['value'];
    const tokenFiles = (asArray(container['volumeMounts']) ?? [])
      .map(asObject)
      .filter((mount) => names.has(mount?.['name']) && [mount?.['subPath'], mount?.['subPathExpr']].every(isBlank))
      .map((mount) => asString(mount?.['mountPath']))
      .filter((folder) => folder !== undefined)
      .map((folder) => posix.join(folder, 'token'))
      .map((file) => (windows ? `C:${file.replaceAll('/', '\\')}` : file));
    const tokenFile = valueOf('AWS_WEB_IDENTITY_TOKEN_FILE');
    return valueOf('AWS_ROLE_ARN') === identity.roleArn && tokenFiles.some((file) => file === tokenFile);
  });
}

function isBlank(part: unknown): boolean {
  return (asString(part) ?? '') === '';
}

function holdsToken(volume: JsonObject | undefined, audience: string): boolean {
  if (!/^aws-iam-token(-2)?$/.test(asString(volume?.['name']) ?? '')) return false;
  return (asArray(asObject(volume?.['projected'])?.['sources']) ?? []).some((source) => {
    const token = asObject(asObject(source)?.['serviceAccountToken']);
    return token?.['audience'] === audience && token['path'] === 'token';
  });
}
