/** Tests where the tools of other projects are looked for, what is said when they are not there, and which they are. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { put, runScript } from '../go-modules/folders.ts';
import { findTool, needTool } from './find-tool.ts';
import { readToolset, toolNames } from './toolset.ts';

const buildScript = path.join(import.meta.dirname, 'build.ts');
const toolScript = path.join(import.meta.dirname, 'run.ts');

describe('the tools of other projects', () => {
  let directory: string;
  let own: string;
  let cache: string;
  let environment: NodeJS.ProcessEnv;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'irsa-webhook-tools-'));
    own = path.join(directory, 'own');
    environment = { XDG_CACHE_HOME: path.join(directory, 'cache') };
    cache = readToolset(environment).directory;
  });

  afterEach(async () => rm(directory, { recursive: true }));

  it('are those of IRSA_TEST_TOOLS first', async () => {
    await put(own, toolNames);
    await put(cache, toolNames);
    const found = findTool('helm', { ...environment, IRSA_TEST_TOOLS: own });
    assert.deepEqual(found, { path: path.join(own, 'helm') });
  });

  it('come from the cache where IRSA_TEST_TOOLS lacks one', async () => {
    await put(own, ['actionlint']);
    await put(cache, toolNames);
    const found = findTool('helm', { ...environment, IRSA_TEST_TOOLS: own });
    assert.deepEqual(found, { path: path.join(cache, 'helm') });
  });

  it('are not looked for on the PATH, where another version may be', async () => {
    await put(own, toolNames);
    const found = findTool('helm', { ...environment, PATH: own });
    assert.deepEqual(found, {
      reason: `helm not found (no IRSA_TEST_TOOLS, nothing in ${cache}): run \`npm run tools\``,
    });
  });

  it('are named where neither place has them, with what to run', () => {
    const found = findTool('actionlint', { ...environment, IRSA_TEST_TOOLS: own });
    assert.deepEqual(found, {
      reason: `actionlint not found (neither in ${own} nor in ${cache}): run \`npm run tools\``,
    });
  });

  it('fail a test in CI where they are not there, and skip it elsewhere', () => {
    const context = {
      skip: (): never => {
        throw new Error('skipped');
      },
    };
    assert.throws(() => needTool(context, 'helm', environment), /^Error: skipped$/);
    assert.throws(
      () => needTool(context, 'helm', { ...environment, CI: 'true' }),
      /^Error: helm not found .*run `npm run/,
    );
  });

  it('are of the pinned versions, and say so', function () {
    const { tools } = readToolset(process.env);
    for (const { name, version } of tools) {
      const tool = needTool(this, name, process.env);
      const { stdout } = spawnSync(tool, [name === 'helm' ? 'version' : '-version'], { encoding: 'utf8' });
      assert.ok(stdout.includes(`${version}\n`) || stdout.includes(`Version:"${version}"`), `${name} says ${stdout}`);
    }
  });

  describe('npm run tools', () => {
    it('says at once that everything is there', async () => {
      await put(cache, toolNames);
      const { status, stdout } = runScript(buildScript, { ...environment, PATH: '' });
      assert.match(stdout, /^\S+ has actionlint v\S+ and helm v4\.\S+ already\n$/);
      assert.ok(stdout.startsWith(cache));
      assert.equal(status, 0);
    });

    it('says in one sentence that Go is missing', () => {
      const { status, stderr } = runScript(buildScript, { ...environment, PATH: '' });
      assert.match(stderr, /^Expected Go 1\.26\.0 or newer to build actionlint .* or set IRSA_TEST_TOOLS to .*\n$/);
      assert.equal(status, 1);
    });

    it('builds what is not there with the version stamped, and leaves only that', async () => {
      await put(cache, ['actionlint']);
      // In place of Go: writes its arguments to the file that follows `-o`.
      const go =
        '#!/bin/sh\n[ "$1" = env ] && echo go1.26.0 && exit\nwhile [ "$1" != -o ]; do all="$all $1"; shift; done\necho "$all" > "$2"\n';
      await writeFile(path.join(directory, 'go'), go, { mode: 0o755 });
      const { status } = runScript(buildScript, { ...environment, PATH: directory });
      assert.equal(status, 0);
      assert.deepEqual(await readdir(path.dirname(cache)), [path.basename(cache)]);
      assert.deepEqual((await readdir(cache)).toSorted(), [...toolNames]);
      const said = await readFile(path.join(cache, 'helm'), 'utf8');
      assert.match(said, / -ldflags -s -w -X helm\.sh\/helm\/v4\/internal\/version\.version=v4\./);
    });
  });

  describe('npm run tool', () => {
    it('gives the arguments to the tool, and ends as it does', async () => {
      await put(own, []);
      await writeFile(path.join(own, 'helm'), '#!/bin/sh\necho "$#: $*"; echo fault >&2; exit 7\n', { mode: 0o755 });
      const args = ['helm', 'install', '--set', 'a=b c'];
      const { status, stdout, stderr } = runScript(toolScript, { ...environment, IRSA_TEST_TOOLS: own }, args);
      assert.deepEqual([status, stdout, stderr], [7, '3: install --set a=b c\n', 'fault\n']);
    });

    it('says what is to be run where the tool is not there', () => {
      const { status, stderr } = runScript(toolScript, environment, ['helm']);
      assert.match(stderr, /^helm not found \(.*\): run `npm run tools`\n$/);
      assert.equal(status, 1);
    });

    it('says which tools there are', () => {
      const { status, stderr } = runScript(toolScript, environment, ['kubectl']);
      assert.equal(stderr, 'Expected one of actionlint, helm and its arguments, got kubectl.\n');
      assert.equal(status, 2);
    });
  });
});
