// The wire: what is read from a review, what is answered, and how a body that is none is refused.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  encodeReview,
  parseReview,
  type ReviewAnswer,
  ReviewError,
  type ReviewErrorCode,
} from '../../src/admission/review.ts';
import type { AddOperation } from '../../src/injection/operations.ts';
import { createRequest, createReview, roleArn, uid } from './reviews.ts';

const untouched: ReviewAnswer = { outcome: 'no_role_annotation', operations: [], warnings: [] };
const operations: AddOperation[] = [{ op: 'add', path: '/spec/volumes', value: [{ name: 'grüße' }] }];
const injected: ReviewAnswer = { outcome: 'injected', roleArn, operations, warnings: [] };

function encode(answer: ReviewAnswer, apiVersion: 'admission.k8s.io/v1' | 'admission.k8s.io/v1beta1'): unknown {
  return JSON.parse(encodeReview({ apiVersion, uid }, answer));
}

/** What the API server reads of an answer; fails where there is none. */
function responseOf(answer: ReviewAnswer): Record<string, unknown> {
  const review: unknown = encode(answer, 'admission.k8s.io/v1');
  assert.ok(typeof review === 'object' && review !== null && 'response' in review);
  assert.ok(typeof review.response === 'object' && review.response !== null);
  return { ...review.response };
}

describe('admission/review', () => {
  describe('parseReview', () => {
    it('reads what a decision depends on', () => {
      assert.deepEqual(parseReview(JSON.stringify(createReview())), createRequest());
    });

    it('reads v1beta1, subresources, other kinds and dry runs', () => {
      const body = createReview(
        { kind: { group: 'apps', version: 'v1', kind: 'Deployment' }, subResource: 'scale', dryRun: true },
        { apiVersion: 'admission.k8s.io/v1beta1' },
      );
      const { apiVersion, kind, subResource, dryRun } = parseReview(JSON.stringify(body));
      assert.deepEqual(
        { apiVersion, kind, subResource, dryRun },
        { apiVersion: 'admission.k8s.io/v1beta1', kind: 'apps/v1/Deployment', subResource: 'scale', dryRun: true },
      );
    });

    it('takes fields of a wrong type for absent ones', () => {
      const body = createReview({ operation: 1, kind: 'Pod', subResource: null, namespace: [], dryRun: 'true' });
      assert.deepEqual(
        parseReview(JSON.stringify(body)),
        createRequest({ operation: undefined, kind: undefined, namespace: '' }),
      );
    });

    it('takes the longest UID and refuses a longer one', () => {
      const longest = 'u'.repeat(256);
      assert.equal(parseReview(JSON.stringify(createReview({ uid: longest }))).uid, longest);
      assert.throws(() => parseReview(JSON.stringify(createReview({ uid: `${longest}u` }))), ReviewError);
    });

    const notJson = 'expected a body of JSON, got something else';
    const malformed =
      'expected kind AdmissionReview of apiVersion admission.k8s.io/v1 or admission.k8s.io/v1beta1, got something else';
    const noRequest = 'expected an object in the field request, got none';
    const noUid = 'expected a text of 1 to 256 characters in the field request.uid, got none';
    const refused: readonly (readonly [name: string, body: unknown, code: ReviewErrorCode, message: string])[] = [
      ['nothing', '', 'ERR_REVIEW_NOT_JSON', notJson],
      ['half an object', '{', 'ERR_REVIEW_NOT_JSON', notJson],
      ['a byte order mark', `\uFEFF${JSON.stringify(createReview())}`, 'ERR_REVIEW_NOT_JSON', notJson],
      ['two objects', '{}{}', 'ERR_REVIEW_NOT_JSON', notJson],
      ['YAML', 'kind: AdmissionReview', 'ERR_REVIEW_NOT_JSON', notJson],
      ['null', null, 'ERR_REVIEW_MALFORMED', malformed],
      ['a number', 7, 'ERR_REVIEW_MALFORMED', malformed],
      ['a text', '"AdmissionReview"', 'ERR_REVIEW_MALFORMED', malformed],
      ['a list of reviews', [createReview()], 'ERR_REVIEW_MALFORMED', malformed],
      ['an empty object', {}, 'ERR_REVIEW_MALFORMED', malformed],
      ['another kind', createReview({}, { kind: 'Pod' }), 'ERR_REVIEW_MALFORMED', malformed],
      [
        'a field of other letter case',
        { Kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid } },
        'ERR_REVIEW_MALFORMED',
        malformed,
      ],
      ['a version to come', createReview({}, { apiVersion: 'admission.k8s.io/v2' }), 'ERR_REVIEW_MALFORMED', malformed],
      ['no version', createReview({}, { apiVersion: undefined }), 'ERR_REVIEW_MALFORMED', malformed],
      ['no request', createReview({}, { request: undefined }), 'ERR_REVIEW_NO_REQUEST', noRequest],
      ['a null request', createReview({}, { request: null }), 'ERR_REVIEW_NO_REQUEST', noRequest],
      ['a list for a request', createReview({}, { request: [] }), 'ERR_REVIEW_NO_REQUEST', noRequest],
      ['no UID', createReview({ uid: undefined }), 'ERR_REVIEW_NO_UID', noUid],
      ['an empty UID', createReview({ uid: '' }), 'ERR_REVIEW_NO_UID', noUid],
      ['a numeric UID', createReview({ uid: 7 }), 'ERR_REVIEW_NO_UID', noUid],
      ['a huge UID', createReview({ uid: 'u'.repeat(100_000) }), 'ERR_REVIEW_NO_UID', noUid],
    ];
    for (const [name, body, code, message] of refused) {
      it(`refuses ${name}`, () => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        assert.throws(() => parseReview(text), { name: 'ReviewError', code, message });
      });
    }

    it('says nothing of the body in its refusal, which may hold a secret', () => {
      assert.throws(
        () => parseReview('{"password": hunter2}'),
        (error: unknown) => error instanceof Error && !error.message.includes('hunter2') && error.cause === undefined,
      );
    });

    it('throws nothing but ReviewError, whatever text or JSON comes', () => {
      const almostReview = fc.record(
        {
          apiVersion: fc.constantFrom('admission.k8s.io/v1', 'v1'),
          kind: fc.constantFrom('AdmissionReview', 'Pod'),
          request: fc.oneof(
            fc.jsonValue(),
            fc.record(
              { uid: fc.jsonValue(), kind: fc.jsonValue(), namespace: fc.jsonValue(), object: fc.jsonValue() },
              { requiredKeys: [] },
            ),
          ),
        },
        { requiredKeys: [] },
      );
      const bodies = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        almostReview.map((review) => JSON.stringify(review)),
      );
      fc.assert(
        fc.property(bodies, (body) => {
          try {
            parseReview(body);
          } catch (error) {
            assert.ok(error instanceof ReviewError);
          }
        }),
        { numRuns: 2_000 },
      );
    });
  });

  describe('encodeReview', () => {
    for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const) {
      it(`answers ${apiVersion} in its own version, with the UID that came`, () => {
        assert.deepEqual(encode(untouched, apiVersion), {
          apiVersion,
          kind: 'AdmissionReview',
          response: { uid, allowed: true, auditAnnotations: { outcome: 'no_role_annotation' } },
        });
      });
    }

    it('has patch and patchType together', () => {
      const { patch, patchType } = responseOf(injected);
      assert.equal(patchType, 'JSONPatch');
      assert.ok(typeof patch === 'string');
      assert.deepEqual(JSON.parse(Buffer.from(patch, 'base64').toString('utf8')), operations);
    });

    it('has neither where nothing is added', () => {
      assert.deepEqual(Object.keys(responseOf({ ...injected, operations: [] })), [
        'uid',
        'allowed',
        'auditAnnotations',
      ]);
    });

    it('passes on eight warnings, and counts the rest where there are more', () => {
      const warnings = Array.from({ length: 8 }, (_, index) => `warning ${String(index)}`);
      assert.deepEqual(responseOf({ ...untouched, warnings })['warnings'], warnings);
      assert.deepEqual(responseOf({ ...untouched, warnings: [...warnings, 'a ninth'] })['warnings'], [
        ...warnings.slice(0, 7),
        'and 2 more warnings of this kind',
      ]);
    });

    it('stays below what the API server takes of warnings, however many there are', () => {
      const warnings = Array.from({ length: 10_000 }, () => 'w'.repeat(120));
      assert.ok(JSON.stringify(responseOf({ ...untouched, warnings })['warnings']).length < 4096);
    });

    it('audits the role of an injected pod alone', () => {
      assert.deepEqual(responseOf(injected)['auditAnnotations'], { outcome: 'injected', role: roleArn });
      assert.deepEqual(responseOf({ ...injected, outcome: 'own_credentials' })['auditAnnotations'], {
        outcome: 'own_credentials',
      });
    });

    it('audits the same on reinvocation, when nothing is left to add', () => {
      assert.deepEqual(
        responseOf({ ...injected, operations: [] })['auditAnnotations'],
        responseOf(injected)['auditAnnotations'],
      );
    });

    it('cuts a role that is longer than any can be', () => {
      const answer = { ...injected, roleArn: 'r'.repeat(250_000) };
      assert.deepEqual(responseOf(answer)['auditAnnotations'], { outcome: 'injected', role: 'r'.repeat(2048) });
    });
  });
});
