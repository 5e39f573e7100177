// Names of sessions: STS takes each of them, and the same text always gives the same one.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { isRoleSessionName, toRoleSessionName } from '../../src/identity/role-session-name.ts';
import { anyText, hostileTexts, titleOf } from './hostile-texts.ts';

/** The pattern in the API reference of STS, AssumeRoleWithWebIdentity. */
const taken = /^[\w+=,.@-]{2,64}$/;

describe('identity/role-session-name', () => {
  for (const text of ['ab', 'app-0', 'A_b+c=d,e.f@g-h', '9'.repeat(64)]) {
    it(`${titleOf(text)} stays as it is`, () => {
      assert.ok(isRoleSessionName(text));
      assert.equal(toRoleSessionName(text), text);
    });
  }

  for (const text of [
    ...hostileTexts.filter((hostile) => !taken.test(hostile)),
    'a',
    'a b',
    'é',
    'x'.repeat(65),
    'ab\n',
  ]) {
    it(`${titleOf(text)} is made fit`, () => {
      assert.ok(!isRoleSessionName(text));
      assert.match(toRoleSessionName(text), taken);
    });
  }

  it('a text has its name, in this version and the next', () => {
    // MSK drops a client whose session changes its name. The hashes were reckoned by another program.
    assert.equal(toRoleSessionName('my session!'), 'my-session--a97449e9');
    const long = `${'a'.repeat(50)}.${'b'.repeat(49)}`;
    assert.equal(toRoleSessionName(long), `${'a'.repeat(50)}.bbbb-a50a858b`);
  });

  it('texts that are cut alike, or differ in wrong characters only, have different names', () => {
    const texts = ['a b', 'a\nb', 'a\u0000b', 'a/b', `${'x'.repeat(70)}1`, `${'x'.repeat(70)}2`, 'x'.repeat(71)];
    assert.equal(new Set(texts.map(toRoleSessionName)).size, texts.length);
  });

  it('whatever the text, STS takes the name, which is a name of its own', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = toRoleSessionName(text);
        assert.match(name, taken);
        assert.equal(toRoleSessionName(text), name);
        assert.equal(toRoleSessionName(name), name);
      }),
      { numRuns: 2000 },
    );
  });
});
