// Runs the cases in fixtures/: a new case is a new file there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { mutateFlags } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';
import { identityDefaults, injectionSettings } from '../../src/commands/settings.ts';
import {
  type ContainerCredentials,
  type Identity,
  type NoRoleReason,
  parseIdentity,
} from '../../src/identity/identity.ts';
import { asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import type { ConfigMaps } from '../../src/injection/env-from.ts';
import { inject, injectEphemeral, type Injection } from '../../src/injection/inject.ts';
import type { InjectionOutcome } from '../../src/injection/outcome.ts';
import type { InjectionContext } from '../../src/injection/pod-reading.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';
import { applyOperations } from './apply.ts';

const folder = join(import.meta.dirname, 'fixtures');

const requiredFields = ['account', 'description', 'expected', 'pod'];
/**
 * `settings`: flags by their names. `credentials`: `container`. `namespace`: the request's. `configMaps`: data of those
 * that were read, null for one that does not exist. `oldPod`: the pod before `pod.spec.ephemeralContainers` was changed.
 */
const optionalFields = ['configMaps', 'credentials', 'namespace', 'oldPod', 'settings'];

describe('injection/fixtures', () => {
  for (const file of readdirSync(folder)) {
    const fixture = asObject(parse(readFileSync(join(folder, file), 'utf8'))) ?? {};

    it(`${file}: ${asString(fixture['description']) ?? 'no description'}`, () => {
      assert.deepEqual(
        Object.keys(fixture)
          .filter((field) => !optionalFields.includes(field))
          .toSorted(),
        requiredFields,
        'fields that are missing or unknown',
      );
      const first = decide(fixture, fixture['pod']);
      const { operations, outcome, warnings } = first;
      const applied = applyOperations(fixture['pod'], operations);
      assert.deepEqual({ outcome, ...(warnings.length > 0 && { warnings }), pod: applied }, fixture['expected']);

      const second = decide(fixture, applied);
      assert.deepEqual(second.operations, []);
      assert.equal(second.outcome, outcome);
    });
  }
});

type Decided = Pick<Injection, 'operations' | 'warnings'> & { readonly outcome: InjectionOutcome | NoRoleReason };

function decide(fixture: JsonObject, pod: unknown): Decided {
  const flags = parseFlags(
    mutateFlags,
    Object.entries(asObject(fixture['settings']) ?? {}).map(([name, value]) => `--${name}=${String(value)}`),
  ).values;
  const promise = promiseOf(fixture, parseIdentity(asObject(fixture['account']), identityDefaults(flags)));
  if (promise.kind === 'none') return { operations: [], outcome: promise.reason, warnings: promise.warnings };
  const { operations, outcome, warnings } = give(fixture, pod, promise, injectionSettings(flags));
  return { operations, outcome, warnings: [...promise.warnings, ...warnings] };
}

type Parsed = ReturnType<typeof parseIdentity>;

function promiseOf({ credentials }: JsonObject, parsed: Parsed): Parsed | ContainerCredentials {
  if (credentials !== 'container') return parsed;
  const preferences = parsed.kind === 'none' ? parsed.preferences : parsed;
  assert.ok(preferences);
  const { regionalSts, tokenExpirationSeconds, options } = preferences;
  const kept = { regionalSts, tokenExpirationSeconds, ...(options && { options }) };
  return { kind: 'container_credentials', ...kept, warnings: [] };
}

function give(
  { namespace, configMaps, oldPod }: JsonObject,
  pod: unknown,
  promise: Identity | ContainerCredentials,
  settings: InjectionSettings,
): Injection {
  const read = asObject(configMaps);
  const context: InjectionContext = {
    namespace: asString(namespace) ?? 'default',
    ...(read && { configMaps: toConfigMaps(read) }),
  };
  return oldPod === undefined
    ? inject(pod, promise, settings, context)
    : injectEphemeral({ pod, oldPod }, promise, settings, context);
}

function toConfigMaps(read: JsonObject): ConfigMaps {
  return new Map(Object.entries(read).map(([name, data]) => [name, asObject(data)]));
}
