// Sends hostile accounts and pods through decode, decide and apply, as many as it is told: npm run soak -- SEED COUNT
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { encodeReview, parseReview, ReviewError } from '../../src/admission/review.ts';
import { outcomeSentences } from '../../src/admission/outcomes.ts';
import { createPodReview } from '../../src/admission/pods.ts';
import type { AnsweredDecision } from '../../src/admission/decision.ts';
import type { Answer } from '../../src/accounts/lookup.ts';
import { annotationNames } from '../../src/identity/annotations.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import type { AddOperation } from '../../src/injection/operations.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';
import { defaults, noDeadline } from '../admission/reviews.ts';
import { applyOperations } from '../injection/apply.ts';
import { newEphemeralPlaces, withEphemeral } from '../injection/ephemeral.ts';
import { podArbitrary } from '../injection/random-pods.ts';
import { roleArns, settingsArbitrary } from '../injection/random-settings.ts';
import { placeOf, takeAway } from '../injection/take-away.ts';

const [seedText = '20261124', countText = '1000000'] = process.argv.slice(2);
/** Inputs between two lines of progress; fast-check keeps what it needs for one such part only. */
const partSize = 20_000;
/** The label of container credentials is the one thing that is put over another value, as the Go webhook does. */
const labelPath = '/metadata/labels/eks.amazonaws.com~1pod-identity';

const hostileValue = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...roleArns, 'true', 'false', '3600', 'pod', 'service-account', '', ' ') },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'arn:aws:iam::111122223333:role/app\n[profile x]\nrole_arn = y',
      '{"app":"arn:aws:iam::111122223333:role/app","__proto__":"arn:aws:iam::111122223333:role/p"}',
      '{"__proto__":{"roleArn":"x"}}',
      '{"app":7}',
      '__proto__',
      'constructor',
      '\u0000',
      '../../../etc/passwd',
      '\ud800',
      '\u2028"\\',
      '99999999999999999999',
      'app,"web',
      '[['.repeat(100),
    ),
  },
  { weight: 6, arbitrary: fc.string({ maxLength: 12, unit: 'binary' }) },
  { weight: 1, arbitrary: fc.string({ minLength: 60, maxLength: 300 }) },
);
const anyValue = fc.oneof(
  { weight: 3000, arbitrary: hostileValue },
  { weight: 1, arbitrary: fc.constantFrom('r'.repeat(1_000_000), '"'.repeat(300_000), '\u0001'.repeat(300_000)) },
  { weight: 60, arbitrary: fc.constantFrom(null, 7, true, {}, []) },
);

function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

const names = [...Object.values(annotationNames), 'role_arn', 'role', 'Role-ARN'];
/** Annotations by their names without prefix. */
const account = fc
  .record({
    role: fc.constantFrom(...roleArns, undefined),
    others: fc.dictionary(fc.constantFrom(...names), anyValue, { maxKeys: 4 }),
  })
  .map(({ role, others }): JsonObject => ({
    ...(role !== undefined && { [annotationNames.roleArn]: role }),
    ...others,
  }));

const input = fc.record({
  account,
  pod: podArbitrary({ wrongTypes: true }),
  settings: settingsArbitrary,
  credentials: fc.constantFrom('web', 'web', 'web', 'web', 'web', 'web', 'web', 'container'),
  isUpdate: fc.constantFrom(false, false, false, true),
  newNames: fc.array(fc.constantFrom('app', 'debugger', '', '__proto__', '\n'), { maxLength: 2 }),
  hostileFields: rarely(fc.dictionary(fc.constantFrom('namespace', 'uid', 'dryRun', 'kind'), anyValue, { maxKeys: 1 })),
  /** Where the body is cut or spoilt. */
  damage: rarely(fc.nat(2_000)),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

/** What became of all inputs. */
const seen = new Map<string, number>();
let applied = 0;

function run(given: Input): void {
  const { settings } = given;
  const body = bodyOf(given);
  const first = answer(body, given);
  if (first === undefined) return;
  const { decision, operations, object } = first;
  if (operations.length === 0) return;
  applied += 1;
  const result = checkAdditions(object, operations, given.isUpdate ? newEphemeralPlaces(object, given.pod) : undefined);
  const review = asObject(JSON.parse(body) as unknown) ?? {};
  const again = answer(
    JSON.stringify({ ...review, request: { ...asObject(review['request']), object: result } }),
    given,
  );
  assert.deepEqual(again?.operations, [], `idempotent with ${JSON.stringify(settings)}`);
  assert.equal(again.decision.outcome, decision.outcome);
}

function count(word: string): void {
  seen.set(word, (seen.get(word) ?? 0) + 1);
}

/** The text that is posted: a review, of the creation of the pod or of an update of its ephemeral containers. */
function bodyOf({ pod, isUpdate, newNames, hostileFields, damage }: Input): string {
  const request = {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'shop',
    operation: isUpdate ? 'UPDATE' : 'CREATE',
    ...(isUpdate && { subResource: 'ephemeralcontainers', oldObject: pod }),
    ...hostileFields,
    object: isUpdate ? withEphemeral(pod, newNames) : pod,
  };
  const text = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  if (damage === null) return text;
  const at = damage % text.length;
  return damage % 2 === 0 ? text.slice(0, at) : `${text.slice(0, at)}"${text.slice(at + 1)}`;
}

type Answered = {
  readonly decision: AnsweredDecision;
  readonly operations: readonly AddOperation[];
  readonly object: unknown;
};

/** Goes the way of a call, and looks at what is sent back. Undefined where the call fails, as it may. */
function answer(body: string, { account: annotations, settings, credentials }: Input): Answered | undefined {
  const review = createPodReview({ lookup: () => promised(annotations, settings, credentials), settings });
  let request: ReturnType<typeof parseReview>;
  try {
    request = parseReview(body);
  } catch (error) {
    assert.ok(error instanceof ReviewError, 'nothing but a ReviewError');
    count(error.code);
    return undefined;
  }
  const decision = review(request, noDeadline);
  assert.ok(!(decision instanceof Promise));
  assert.ok(Object.hasOwn(outcomeSentences, decision.outcome), decision.outcome);
  count(decision.outcome);
  if (decision.kind === 'fault') {
    assert.equal(decision.outcome, 'pod_too_large');
    return undefined;
  }
  const response = asObject(asObject(JSON.parse(encodeReview(request, decision)) as unknown)?.['response']);
  checkResponse(response, request.uid);
  const patch = response?.['patch'];
  if (typeof patch !== 'string') return { decision, operations: [], object: request.object };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what encodeReview wrote
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as readonly AddOperation[];
  assert.ok(operations.length > 0);
  return { decision, operations, object: request.object };
}

function promised(given: JsonObject, settings: InjectionSettings, credentials: string): Answer {
  const { annotationPrefix } = settings;
  const annotations = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`${annotationPrefix}/${name}`, value]),
  );
  const parsed = parseIdentity(annotations, { ...defaults, annotationPrefix });
  if (credentials === 'web') return parsed;
  const { regionalSts, tokenExpirationSeconds, options } = (parsed.kind === 'none' ? parsed.preferences : parsed) ?? {
    regionalSts: false,
    tokenExpirationSeconds: 86_400,
  };
  return {
    kind: 'container_credentials',
    regionalSts,
    tokenExpirationSeconds,
    ...(options && { options }),
    warnings: [],
  };
}

function checkResponse(response: JsonObject | undefined, uid: string): void {
  assert.equal(response?.['uid'], uid);
  assert.equal(response['allowed'], true);
  assert.equal(response['patchType'] === undefined, response['patch'] === undefined);
  const warnings = asArray(response['warnings']) ?? [];
  assert.ok(warnings.length <= 8);
  for (const warning of warnings) assert.match(String(warning), /^[ -~]{1,120}$/);
  for (const value of Object.values(asObject(response['auditAnnotations']) ?? {})) assert.equal(typeof value, 'string');
}

/** Applies, and holds to it that nothing was touched; `places` are the only ones where something may come, if given. */
function checkAdditions(
  object: unknown,
  operations: readonly AddOperation[],
  places: readonly string[] | undefined,
): unknown {
  let current = object;
  const additions: AddOperation[] = [];
  for (const operation of operations) {
    const { op, path } = operation;
    assert.equal(op, 'add');
    assert.ok(places?.some((place) => path.startsWith(`${place}/`)) ?? true, path);
    const { parent, key } = placeOf(current, path);
    const isFree = Array.isArray(parent)
      ? key === '-' || key === '0'
      : (asObject(parent)?.[key] ?? undefined) === undefined;
    assert.ok(isFree || path === labelPath, `${path} is there already`);
    if (isFree) additions.push(operation);
    current = applyOperations(current, [operation]);
  }
  if (additions.length === operations.length) {
    assert.equal(JSON.stringify(takeAway(current, operations, object)), JSON.stringify(object));
  }
  return current;
}

const total = Number(countText);
const seed = Number(seedText);
assert.ok(Number.isInteger(total) && total > 0 && Number.isInteger(seed), 'expected SEED COUNT, two whole numbers');
const startMs = performance.now();
for (let done = 0; done < total;) {
  const numRuns = Math.min(partSize, total - done);
  fc.assert(fc.property(input, run), { seed: seed + done / partSize, numRuns });
  done += numRuns;
  const seconds = Math.round((performance.now() - startMs) / 1000);
  process.stdout.write(`${String(done)} inputs, ${String(applied)} of them patched, in ${String(seconds)} s\n`);
}
const table = [...seen]
  .toSorted(([, a], [, b]) => b - a)
  .map(([word, times]) => `  ${String(times).padStart(8)} ${word}`);
process.stdout.write(
  `seed ${seedText}, ${String(total)} inputs, reviews by what became of them:\n${table.join('\n')}\n`,
);
