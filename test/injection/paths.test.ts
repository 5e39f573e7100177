// Holds paths to Go's path.Clean and filepath.Join.
import assert from 'node:assert/strict';
import { cleanPath, joinPath, windowsPath } from '../../src/injection/paths.ts';

/** What Go 1.26 on Linux returns: `path.Clean(path)` and `filepath.Join(path, "token")`. */
const rows: readonly (readonly [path: string, cleaned: string, joined: string])[] = [
  ['', '.', 'token'],
  ['.', '.', 'token'],
  ['..', '..', '../token'],
  ['/', '/', '/token'],
  ['//', '/', '/token'],
  ['///', '/', '/token'],
  ['/.', '/', '/token'],
  ['/..', '/', '/token'],
  ['/../..', '/', '/token'],
  ['./', '.', 'token'],
  ['../', '..', '../token'],
  ['./.', '.', 'token'],
  ['./..', '..', '../token'],
  ['../..', '../..', '../../token'],
  ['../.', '..', '../token'],
  ['a', 'a', 'a/token'],
  ['a/', 'a', 'a/token'],
  ['a//', 'a', 'a/token'],
  ['/a', '/a', '/a/token'],
  ['/a/', '/a', '/a/token'],
  ['//a', '/a', '/a/token'],
  ['a/b', 'a/b', 'a/b/token'],
  ['a//b', 'a/b', 'a/b/token'],
  ['a/./b', 'a/b', 'a/b/token'],
  ['a/../b', 'b', 'b/token'],
  ['a/b/..', 'a', 'a/token'],
  ['a/b/../..', '.', 'token'],
  ['a/b/../../..', '..', '../token'],
  ['a/..', '.', 'token'],
  ['a/../..', '..', '../token'],
  ['a/../../b', '../b', '../b/token'],
  ['../a', '../a', '../a/token'],
  ['../../a/../b', '../../b', '../../b/token'],
  ['/../a', '/a', '/a/token'],
  ['/a/..', '/', '/token'],
  ['/a/../..', '/', '/token'],
  ['/a/../../b', '/b', '/b/token'],
  ['/a/b/../c/./d//', '/a/c/d', '/a/c/d/token'],
  ['/a/b/../../../c', '/c', '/c/token'],
  ['./a', 'a', 'a/token'],
  ['././a/.', 'a', 'a/token'],
  ['a/.', 'a', 'a/token'],
  ['...', '...', '.../token'],
  ['/...', '/...', '/.../token'],
  ['a/.../b', 'a/.../b', 'a/.../b/token'],
  ['..a', '..a', '..a/token'],
  ['a..', 'a..', 'a../token'],
  ['.a', '.a', '.a/token'],
  ['/.a/..b', '/.a/..b', '/.a/..b/token'],
  [' ', ' ', ' /token'],
  [' /a', ' /a', ' /a/token'],
  ['/a /', '/a ', '/a /token'],
  ['/a/ /b', '/a/ /b', '/a/ /b/token'],
  ['~/a', '~/a', '~/a/token'],
  ['\\', '\\', '\\/token'],
  ['C:\\tokens', 'C:\\tokens', 'C:\\tokens/token'],
  ['C:\\tokens\\', 'C:\\tokens\\', 'C:\\tokens\\/token'],
  ['C:/tokens/../x', 'C:/x', 'C:/x/token'],
  ['/é/../ü', '/ü', '/ü/token'],
  ['/a\nb/', '/a\nb', '/a\nb/token'],
  [
    '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  ],
  [
    '/var/run/secrets/eks.amazonaws.com/serviceaccount/',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  ],
  ['/var//run/./x/../secrets/', '/var/run/secrets', '/var/run/secrets/token'],
];

const onWindows: readonly (readonly [path: string, expected: string])[] = [
  ['/var/run/token', 'C:\\var\\run\\token'],
  ['token', 'C:token'],
  ['/', 'C:\\'],
  ['/a\\b/c', 'C:\\a\\b\\c'],
  ['D:\\tokens/token', 'D:\\tokens\\token'],
  ['c:/tokens/token', 'c:\\tokens\\token'],
  ['/c:/token', 'C:\\c:\\token'],
];

describe('injection/paths', () => {
  for (const [path, cleaned, joined] of rows) {
    it(`${JSON.stringify(path)}: ${JSON.stringify(cleaned)}, with a file ${JSON.stringify(joined)}`, () => {
      assert.equal(cleanPath(path), cleaned);
      assert.equal(joinPath(path, 'token'), joined);
    });
  }

  for (const [path, expected] of onWindows) {
    it(`${path} on Windows: ${expected}`, () => {
      assert.equal(windowsPath(path), expected);
    });
  }

  it('300 KB of elements', () => {
    assert.equal(cleanPath('/a/..'.repeat(60_000)), '/');
    assert.equal(cleanPath('../'.repeat(100_000)).length, 299_999);
  });
});
