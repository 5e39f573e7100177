// Roles by container: the whole map, or why there is none.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { parseContainerRoles } from '../../src/identity/container-roles.ts';
import { anyText, hostileTexts, titleOf } from './hostile-texts.ts';

const noObject = 'is not a JSON object of roles by container name';
const wrongRole = 'has a role that is not a text, or blank';

function many(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${String(index)}`, 'r'])));
}

describe('identity/container-roles', () => {
  const good: readonly (readonly [text: string, roles: readonly (readonly [string, string])[]])[] = [
    ['{"app":"a"}', [['app', 'a']]],
    [
      ' {\n"app" : "a", "log": " b "} ',
      [
        ['app', 'a'],
        ['log', ' b '],
      ],
    ],
    ['{"app":"a","app":"b"}', [['app', 'b']]],
    [
      '{"__proto__":"a","constructor":"b","":"c"}',
      [
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['', 'c'],
      ],
    ],
  ];
  for (const [text, roles] of good) {
    it(`${titleOf(text)}: ${String(roles.length)} roles`, () => {
      assert.deepEqual(parseContainerRoles(text), new Map(roles));
    });
  }

  const bad: readonly (readonly [text: string, problem: string])[] = [
    ...['', 'app=a', '{', '[]', '["a"]', '"a"', 'null', '7', '{}', "{'app':'a'}", '{"app":"a",}'].map(
      (text) => [text, noObject] as const,
    ),
    ...['{"app":7}', '{"app":null}', '{"app":""}', '{"app":" \\t"}', '{"app":{"a":"b"}}', '{"a":"b","app":[]}'].map(
      (text) => [text, wrongRole] as const,
    ),
    ['{"__proto__":{"app":"a"}}', wrongRole],
    [many(101), 'names more than 100 containers'],
  ];
  for (const [text, problem] of bad) {
    it(`${titleOf(text)}: ${problem}`, () => {
      assert.deepEqual(parseContainerRoles(text), { problem });
    });
  }

  it('100 containers are not too many', () => {
    const roles = parseContainerRoles(many(100));
    assert.ok(roles instanceof Map && roles.size === 100);
  });

  for (const text of hostileTexts) {
    it(`${titleOf(text)} is no map, and no reason to throw`, () => {
      assert.ok('problem' in parseContainerRoles(text));
    });
  }

  it('whatever the text: texts that are not blank, or a problem', () => {
    const texts = fc.oneof(
      anyText,
      fc.json(),
      fc.dictionary(anyText, anyText).map((map) => JSON.stringify(map)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const roles = parseContainerRoles(text);
        if ('problem' in roles) return;
        assert.ok(roles.size > 0);
        for (const role of roles.values()) assert.notEqual(role.trim(), '');
      }),
      { numRuns: 1000 },
    );
  });
});
