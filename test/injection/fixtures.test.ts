// Runs the cases in fixtures/: a new case is a new file there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { mutateFlags } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';
import { identityDefaults, injectionSettings } from '../../src/commands/settings.ts';
import { type NoRoleReason, parseIdentity } from '../../src/identity/identity.ts';
import { asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import { inject, type Injection } from '../../src/injection/inject.ts';
import type { InjectionOutcome } from '../../src/injection/outcome.ts';
import { applyOperations } from './apply.ts';

const folder = join(import.meta.dirname, 'fixtures');

describe('injection/fixtures', () => {
  for (const file of readdirSync(folder)) {
    const fixture = asObject(parse(readFileSync(join(folder, file), 'utf8'))) ?? {};

    it(`${file}: ${asString(fixture['description']) ?? 'no description'}`, () => {
      // The flags, by their names, and the kind of credentials may be left out.
      assert.deepEqual(
        Object.keys({ settings: {}, credentials: '', ...fixture }).toSorted(),
        ['account', 'credentials', 'description', 'expected', 'pod', 'settings'],
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
  const settings = Object.entries(asObject(fixture['settings']) ?? {});
  const flags = parseFlags(
    mutateFlags,
    settings.map(([name, value]) => `--${name}=${String(value)}`),
  ).values;
  const identity = parseIdentity(asObject(fixture['account']), identityDefaults(flags));
  if (fixture['credentials'] === 'container') {
    const preferences = identity.kind === 'none' ? identity.preferences : identity;
    assert.ok(preferences);
    const { regionalSts, tokenExpirationSeconds } = preferences;
    const promise = { kind: 'container_credentials', regionalSts, tokenExpirationSeconds, warnings: [] } as const;
    return inject(pod, promise, injectionSettings(flags));
  }
  if (identity.kind === 'none') return { operations: [], outcome: identity.reason, warnings: identity.warnings };
  const { operations, outcome, warnings } = inject(pod, identity, injectionSettings(flags));
  return { operations, outcome, warnings: [...identity.warnings, ...warnings] };
}
