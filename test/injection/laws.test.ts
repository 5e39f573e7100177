// Laws that hold for every pod, every identity and all settings.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity/identity.ts';
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { inject as injectIn, injectEphemeral, type Injection } from '../../src/injection/inject.ts';
import type { InjectionContext } from '../../src/injection/pod-reading.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';
import { parseContainerNames } from '../../src/identity/container-names.ts';
import { applyOperations } from './apply.ts';
import { newEphemeralPlaces, withEphemeral } from './ephemeral.ts';
import { podArbitrary } from './random-pods.ts';
import { contextArbitrary, identityArbitrary, settingsArbitrary } from './random-settings.ts';
import { placeOf, takeAway } from './take-away.ts';

/** Random cases a law: the whole file then takes some seconds. */
const runs = { numRuns: 1500 };
const anyPod = podArbitrary({ wrongTypes: true });
const goodPod = podArbitrary({ wrongTypes: false });

type Case = {
  readonly pod: JsonObject;
  readonly identity: Identity;
  readonly settings: InjectionSettings;
  readonly context: InjectionContext;
  /** Injects into any pod, all else as in this case. */
  readonly inject: (pod: unknown) => Injection;
};

function holds(pods: fc.Arbitrary<JsonObject>, law: (given: Case) => void): void {
  const cases = fc
    .record({ pod: pods, identity: identityArbitrary, settings: settingsArbitrary, context: contextArbitrary })
    .map((given) => ({
      ...given,
      inject: (pod: unknown): Injection => injectIn(pod, given.identity, given.settings, given.context),
    }));
  fc.assert(fc.property(cases, law), runs);
}

describe('injection/laws', () => {
  it('only adds: taking the additions away again gives back the pod, byte for byte', () => {
    holds(anyPod, ({ pod, inject }) => {
      const { operations } = inject(pod);
      const applied = applyOperations(pod, operations);
      assert.equal(JSON.stringify(takeAway(applied, operations, pod)), JSON.stringify(pod));
    });
  });

  it('asks for nothing but additions, each at a new place or at an end of an array', () => {
    holds(anyPod, ({ pod, inject }) => {
      let current: unknown = pod;
      for (const operation of inject(pod).operations) {
        assert.equal(operation.op, 'add');
        const { parent, key } = placeOf(current, operation.path);
        if (Array.isArray(parent)) assert.ok(key === '-' || key === '0', operation.path);
        else assert.ok((asObject(parent)?.[key] ?? undefined) === undefined, `${operation.path} is there already`);
        current = applyOperations(current, [operation]);
      }
    });
  });

  it('is idempotent', () => {
    holds(anyPod, ({ pod, inject }) => {
      const first = inject(pod);
      const second = inject(applyOperations(pod, first.operations));
      assert.deepEqual(second.operations, []);
      assert.equal(second.outcome, first.outcome);
    });
  });

  it('is idempotent when the pod gets its name and its volumes their defaultMode between the calls', () => {
    holds(goodPod, ({ pod, identity, inject }) => {
      // Each pod that an API server sends has metadata, and a config is kept nowhere else.
      if (identity.target !== undefined && pod['metadata'] === undefined) return;
      const first = inject(pod);
      const between = withDefaults(applyOperations(pod, first.operations));
      const second = inject(between);
      assert.deepEqual(second.operations, []);
      assert.equal(second.outcome, first.outcome);
    });
  });

  it('gives a sidecar that another webhook appends between the calls its own share, and nothing to the others', () => {
    holds(goodPod, ({ pod, inject }) => {
      const first = inject(pod);
      const { pod: between, index } = withSidecar(applyOperations(pod, first.operations));
      const second = inject(between);
      const elsewhere = second.operations.filter(({ path }) => !path.startsWith(`/spec/containers/${String(index)}/`));
      assert.deepEqual(elsewhere, []);
      const third = inject(applyOperations(between, second.operations));
      assert.deepEqual(third.operations, []);
      assert.equal(third.outcome, second.outcome);
      if (first.outcome === 'injected') assert.equal(second.outcome, 'injected');
    });
  });

  it('never changes its input', () => {
    holds(anyPod, ({ pod, identity, settings, context }) => {
      injectIn(deepFreeze(pod), deepFreeze(identity), deepFreeze(settings), deepFreeze(context));
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
          const lists = { containers: [pod], ephemeralContainers: [pod], volumes: [pod], affinity: pod, os: pod };
          for (const given of [pod, { spec: pod }, { metadata: pod, spec: lists }]) {
            injectIn(given, identity, settings);
            injectEphemeral({ pod: given, oldPod: pod }, identity, settings);
            injectEphemeral({ pod: { spec: lists }, oldPod: given }, identity, settings);
          }
        },
      ),
      runs,
    );
  });

  it('says injected if and only if a container ends with the identity', () => {
    holds(anyPod, (given) => {
      const { operations, outcome } = given.inject(given.pod);
      const applied = applyOperations(given.pod, operations);
      assert.equal(outcome === 'injected', someContainerHas(applied, given));
    });
  });

  it('leaves a container alone that is skipped, not included, or has no role', () => {
    holds(anyPod, (given) => {
      const applied = applyOperations(given.pod, given.inject(given.pod).operations);
      const isLeftAlone = (container: JsonObject): boolean => roleOf(container, given) === undefined;
      assert.deepEqual(containersOf(applied).filter(isLeftAlone), containersOf(given.pod).filter(isLeftAlone));
    });
  });

  it('gives added containers their share, and adds nothing anywhere else', () => {
    const added = fc.array(fc.constantFrom('app', 'debugger', 'web'), { maxLength: 3 });
    const cases = fc.record({ pod: anyPod, identity: identityArbitrary, settings: settingsArbitrary, added });
    fc.assert(
      fc.property(cases, ({ pod: before, identity, settings, added: names }) => {
        // A running pod most often has what it was given when it was created.
        const running = applyOperations(before, injectIn(before, identity, settings).operations);
        const pod = withEphemeral(running, names);
        const first = injectEphemeral({ pod, oldPod: before }, identity, settings);
        const isNew = newEphemeralPlaces(pod, before);
        for (const { op, path } of first.operations) {
          assert.equal(op, 'add');
          assert.ok(
            isNew.some((place) => path.startsWith(`${place}/`)),
            path,
          );
        }
        const applied = applyOperations(pod, first.operations);
        assert.equal(JSON.stringify(takeAway(applied, first.operations, pod)), JSON.stringify(pod));
        const second = injectEphemeral({ pod: applied, oldPod: before }, identity, settings);
        assert.deepEqual(second.operations, []);
        assert.equal(second.outcome, first.outcome);
        for (const warning of first.warnings) assert.match(warning, /^[ -~]{1,120}$/);
      }),
      runs,
    );
  });

  it('warns in lines that the API server passes on', () => {
    holds(anyPod, ({ pod, inject }) => {
      for (const warning of inject(pod).warnings) assert.match(warning, /^[ -~]{1,120}$/);
    });
  });
});

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

/** A list in an annotation of the pod; undefined where there is none, or none that can be read. */
function namesIn(pod: unknown, { annotationPrefix }: InjectionSettings, name: string): ReadonlySet<string> | undefined {
  const annotations = asObject(asObject(asObject(pod)?.['metadata'])?.['annotations']);
  const text = asString(annotations?.[`${annotationPrefix}/${name}`]);
  return text === undefined ? undefined : parseContainerNames(text);
}

/** The role that is meant for a container, or undefined where it is to be left alone. */
function roleOf(container: JsonObject, { pod, identity, settings }: Case): string | undefined {
  const name = asString(container['name']) ?? '';
  if (namesIn(pod, settings, 'skip-containers')?.has(name) === true) return undefined;
  const included = namesIn(pod, settings, 'include-containers') ?? identity.options?.includedContainers;
  if (included?.has(name) === false) return undefined;
  return identity.containerRoles?.get(name) ?? identity.roleArn;
}

/** Looks at the applied pod only: both variables, and a mount of a whole volume with the token where they point. */
function someContainerHas(pod: unknown, given: Case): boolean {
  const spec = asObject(asObject(pod)?.['spec']);
  const volumes = (asArray(spec?.['volumes']) ?? []).map(asObject);
  const isOurs = (volume: JsonObject | undefined): boolean =>
    holdsToken(volume, given.identity.audience) &&
    (given.identity.target === undefined || holdsConfig(volume, given.settings));
  const names = new Set(volumes.filter(isOurs).map((volume) => volume?.['name']));
  // The API server refuses two volumes of one name; which of them would count is nobody's guess.
  for (const volume of volumes) if (!isOurs(volume)) names.delete(volume?.['name']);
  const windows = isOnWindows(spec ?? {});

  return containersOf(pod).some((container) => {
    const role = roleOf(container, given);
    if (role === undefined) return false;
    const isChained =
      given.identity.target !== undefined && role === given.identity.roleArn && !hasOwnRole(container, given);
    const file = isChained ? 'config' : 'token';
    const files = (asArray(container['volumeMounts']) ?? [])
      .map(asObject)
      .filter((mount) => names.has(mount?.['name']) && [mount?.['subPath'], mount?.['subPathExpr']].every(isBlank))
      .map((mount) => asString(mount?.['mountPath']))
      .filter((folder) => folder !== undefined)
      .filter((folder) => !isChained || clean(folder) === clean(given.settings.mountPath))
      .map((folder) => posix.join(folder, file))
      .map((path) => (windows ? `C:${path.replaceAll('/', '\\')}` : path));
    const value = (name: string): unknown => valueOf(container, name, given.context);
    if (!isChained) {
      return value('AWS_ROLE_ARN') === role && files.some((path) => path === value('AWS_WEB_IDENTITY_TOKEN_FILE'));
    }
    const isFree = [value('AWS_ROLE_ARN'), value('AWS_WEB_IDENTITY_TOKEN_FILE')].every((own) => own === undefined);
    return isFree && value('AWS_PROFILE') === 'irsa-webhook' && files.some((path) => path === value('AWS_CONFIG_FILE'));
  });
}

function clean(folder: string): string {
  return posix.normalize(folder).replace(/(.)\/$/, '$1');
}

function hasOwnRole(container: JsonObject, { identity }: Case): boolean {
  return identity.containerRoles?.has(asString(container['name']) ?? '') === true;
}

function holdsConfig(volume: JsonObject | undefined, { annotationPrefix }: InjectionSettings): boolean {
  const fieldPath = `metadata.annotations['${annotationPrefix}/aws-config']`;
  return JSON.stringify(volume).includes(JSON.stringify({ fieldPath }).slice(1, -1));
}

/** The value that the kubelet would give a variable, as far as ConfigMaps were read: the last one, env before envFrom. */
function valueOf(container: JsonObject, name: string, { configMaps }: InjectionContext): unknown {
  const variables = (asArray(container['env']) ?? []).map(asObject);
  const variable = variables.findLast((entry) => entry?.['name'] === name);
  if (variable !== undefined) return variable['value'];
  const sources = (asArray(container['envFrom']) ?? []).map(asObject);
  return sources
    .map((source) => {
      const prefix = asString(source?.['prefix']) ?? '';
      const data = configMaps?.get(asString(asObject(source?.['configMapRef'])?.['name']) ?? '');
      return name.startsWith(prefix) ? data?.[name.slice(prefix.length)] : undefined;
    })
    .findLast((value) => value !== undefined);
}

/** The rule in words: by node selector; else as `os` says; else where every alternative of the affinity asks for it. */
function isOnWindows(spec: JsonObject): boolean {
  const label = /^(beta\.)?kubernetes\.io\/os$/;
  const selector = Object.entries(asObject(spec['nodeSelector']) ?? {});
  if (selector.some(([key, os]) => label.test(key) && os === 'windows')) return true;
  const os = asObject(spec['os'])?.['name'] ?? '';
  if (os !== '') return os === 'windows';
  const affinity = asObject(asObject(spec['affinity'])?.['nodeAffinity']);
  const required = asObject(affinity?.['requiredDuringSchedulingIgnoredDuringExecution']);
  const terms = asArray(required?.['nodeSelectorTerms']) ?? [];
  const asks = (term: unknown): boolean =>
    (asArray(asObject(term)?.['matchExpressions']) ?? []).map(asObject).some((expression) => {
      const values = asArray(expression?.['values']) ?? [];
      const isLabel = label.test(asString(expression?.['key']) ?? '');
      return isLabel && expression?.['operator'] === 'In' && new Set(values).size === 1 && values[0] === 'windows';
    });
  return terms.length > 0 && terms.every(asks);
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
