// Which labels and annotations mean "leave it alone".
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { type OptOut, readOptOut } from '../../src/identity/opt-out.ts';
import type { JsonObject } from '../../src/identity/json.ts';

const annotationPrefix = 'eks.amazonaws.com';
const key = `${annotationPrefix}/skip-pod-identity-webhook`;
const out: OptOut = { optedOut: true };
const stays: OptOut = { optedOut: false };
const wrong = (found: string): OptOut => ({
  optedOut: false,
  warning: `namespace annotation ${key}: ${JSON.stringify(found)} is not a boolean; it does not opt out`,
});

const rows: readonly (readonly [name: string, metadata: JsonObject | undefined, expected: OptOut])[] = [
  ['no metadata', undefined, stays],
  ['nothing', {}, stays],
  ['another label', { labels: { 'skip-pod-identity-webhook': 'true' } }, stays],
  ['another prefix', { labels: { 'example.com/skip-pod-identity-webhook': 'true' } }, stays],
  ...['', 'true', 'false', '0', 'maybe'].map(
    (value) => [`the label ${JSON.stringify(value)}`, { labels: { [key]: value } }, out] as const,
  ),
  ...['', '1', 't', 'T', 'TRUE', 'true', 'True'].map(
    (value) => [`the annotation ${JSON.stringify(value)}`, { annotations: { [key]: value } }, out] as const,
  ),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map(
    (value) => [`the annotation ${JSON.stringify(value)}`, { annotations: { [key]: value } }, stays] as const,
  ),
  ...['yes', 'no', ' ', 'tRUE', 'true ', '\n'].map(
    (value) => [`the annotation ${JSON.stringify(value)}`, { annotations: { [key]: value } }, wrong(value)] as const,
  ),
  ['the label, and an annotation against it', { labels: { [key]: '' }, annotations: { [key]: 'false' } }, out],
  ['the label, and a wrong annotation', { labels: { [key]: '' }, annotations: { [key]: 'maybe' } }, out],
  ['labels and annotations that are none', { labels: [key], annotations: key }, stays],
  ['values that are no text', { labels: { [key]: true }, annotations: { [key]: 1 } }, stays],
];

describe('identity/opt-out', () => {
  for (const [name, metadata, expected] of rows) {
    it(`${name}: ${String(expected.optedOut)}`, () => {
      assert.deepEqual(readOptOut(metadata, { owner: 'namespace', annotationPrefix }), expected);
    });
  }

  it('the warning names whose annotation it is', () => {
    const { warning } = readOptOut({ annotations: { [key]: 'no' } }, { owner: 'pod', annotationPrefix });
    assert.equal(warning, `pod annotation ${key}: "no" is not a boolean; it does not opt out`);
  });

  it('no metadata makes it throw', () => {
    const metadata = fc.dictionary(
      fc.constantFrom('labels', 'annotations'),
      fc.oneof(fc.jsonValue(), fc.dictionary(fc.constant(key), fc.jsonValue())),
    );
    fc.assert(
      fc.property(metadata, (value) => {
        assert.equal(typeof readOptOut(value, { owner: 'pod', annotationPrefix }).optedOut, 'boolean');
      }),
    );
  });
});
