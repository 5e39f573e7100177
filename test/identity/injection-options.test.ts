// What annotations ask for beyond a role: what counts, and what is said of the rest.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { createAnnotationReader } from '../../src/identity/annotation-reader.ts';
import { type InjectionOptions, readInjectionOptions } from '../../src/identity/injection-options.ts';
import { anyText, hostileTexts, titleOf } from './hostile-texts.ts';

const annotationPrefix = 'eks.amazonaws.com';
const names = ['region', 'use-fips-endpoint', 'use-dualstack-endpoint', 'role-session-name', 'include-containers'];

function read(given: Readonly<Record<string, unknown>>): { options: InjectionOptions; warnings: readonly string[] } {
  const annotations = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`${annotationPrefix}/${name}`, value]),
  );
  const reader = createAnnotationReader(annotations, { owner: 'pod', annotationPrefix });
  return { options: readInjectionOptions(reader), warnings: reader.warnings };
}

/** What AWS and Kubernetes take, whoever asks for it. */
function assertFit({ region = '', roleSessionName = 'ok' }: InjectionOptions): void {
  assert.match(region, /^[a-z0-9-]{0,63}$/);
  assert.match(roleSessionName, /^[\w+=,.@-]{2,64}$/);
}

describe('identity/injection-options', () => {
  const good: readonly (readonly [name: string, value: string, options: InjectionOptions])[] = [
    ['region', 'eu-west-1', { region: 'eu-west-1' }],
    ['region', 'eusc-de-east-1', { region: 'eusc-de-east-1' }],
    ['region', '', { region: '' }],
    ['use-fips-endpoint', 'true', { useFipsEndpoint: true }],
    ['use-fips-endpoint', '0', { useFipsEndpoint: false }],
    ['use-dualstack-endpoint', 'T', { useDualstackEndpoint: true }],
    ['role-session-name', 'pod', { roleSessionName: 'pod' }],
    ['role-session-name', 'a@b', { roleSessionName: 'a@b' }],
    ['include-containers', 'app, "web"', {}],
    ['include-containers', 'app,"a,b"', { includedContainers: new Set(['app', 'a,b']) }],
    ['include-containers', '', { includedContainers: new Set() }],
  ];
  for (const [name, value, options] of good) {
    it(`${name} ${JSON.stringify(value)}`, () => {
      const found = read({ [name]: value });
      assert.deepEqual(found.options, options);
      assert.equal(found.warnings.length, Object.keys(options).length === 0 ? 1 : 0);
    });
  }

  for (const region of [
    ' ',
    'eu-west-1 ',
    'EU-WEST-1',
    '-eu',
    'eu-',
    'eu_west',
    'eu.west',
    '../x',
    'r'.repeat(64),
    'eu\n',
  ]) {
    it(`region ${titleOf(region)} is passed over, with a warning`, () => {
      const { options, warnings } = read({ region });
      assert.deepEqual(options, {});
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', / is not the name of a region; it is passed over$/);
    });
  }

  it('values that are no texts are none', () => {
    for (const value of [null, 7, true, {}, ['app']]) {
      assert.deepEqual(read(Object.fromEntries(names.map((name) => [name, value]))), { options: {}, warnings: [] });
    }
  });

  for (const text of hostileTexts) {
    it(`${titleOf(text)} everywhere`, () => {
      const { options, warnings } = read(Object.fromEntries(names.map((name) => [name, text])));
      assertFit(options);
      for (const warning of warnings) assert.match(warning, /^[ -~]{1,120}$/);
    });
  }

  it('whatever the texts: values that are fit for use, and a line for each that is not', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), anyText), (given) => {
        const { options, warnings } = read(given);
        assertFit(options);
        for (const warning of warnings) assert.match(warning, /^[ -~]{1,120}$/);
        const silent = Object.keys(given).length - warnings.length;
        const session =
          given['role-session-name'] !== undefined && options.roleSessionName !== given['role-session-name'];
        assert.equal(Object.keys(options).length, silent + (session ? 1 : 0));
      }),
      { numRuns: 1000 },
    );
  });
});
