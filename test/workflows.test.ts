/** Tests the workflows of GitHub, without GitHub: their form, what they pin, what they may, and that what they call exists. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import packageJson from '../package.json' with { type: 'json' };
import { asArray, asObject, asString, type JsonObject } from '../src/identity/json.ts';
import { projectFolder } from './program.ts';
import { needTool } from './tools/find-tool.ts';

const folder = join(projectFolder, '.github', 'workflows');
const names = readdirSync(folder);

function read(file: string): string {
  return readFileSync(join(projectFolder, file), 'utf8');
}

/** Returns the objects of a list; whatever is none of either is left out. */
function objectsIn(list: unknown): JsonObject[] {
  return (asArray(list) ?? []).map(asObject).filter((entry) => entry !== undefined);
}

/** Returns the scripts of package.json that a text runs with npm. */
function scriptsCalled(text: string): string[] {
  const run = [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, script = '']) => script);
  return /\bnpm test\b/.test(text) ? [...run, 'test'] : run;
}

const scripts = Object.keys(packageJson.scripts);

function unknownScripts(text: string): string[] {
  return scriptsCalled(text).filter((script) => !scripts.includes(script));
}

describe('the workflows', () => {
  it('are sound, says actionlint', function () {
    this.timeout(30_000);
    const actionlint = needTool(this, 'actionlint', process.env);
    // What else it would call is of no pinned version.
    const args = ['-no-color', '-shellcheck=', '-pyflakes='];
    const { status, stdout, stderr } = spawnSync(actionlint, args, { cwd: projectFolder, encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('are all of one ending', () => {
    assert.ok(names.length > 0);
    assert.deepEqual(
      names.filter((name) => !name.endsWith('.yml')),
      [],
    );
  });

  for (const name of names) {
    describe(name, () => {
      const text = readFileSync(join(folder, name), 'utf8');
      const workflow = asObject(parse(text));
      const jobs = Object.entries(asObject(workflow?.['jobs']) ?? {}).map(([id, job]) => ({ id, job: asObject(job) }));
      const steps = jobs.flatMap(({ job }) => objectsIn(job?.['steps']));

      it('takes every action by its commit, and says its version', () => {
        const lines = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
        const uses = [...jobs.map(({ job }) => job), ...steps].filter((part) => part !== undefined && 'uses' in part);
        assert.equal(lines.length, uses.length, 'each `uses` on a line of its own');
        // A workflow of this repository is of the same commit.
        const loose = lines.filter(
          (line) => !/uses: (\.\/\.github\/\S+$|[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/.test(line),
        );
        assert.deepEqual(loose, []);
      });

      it('may do nothing but what a job names', () => {
        assert.deepEqual(workflow?.['permissions'], {});
        const unnamed = jobs.filter(({ job }) => asObject(job?.['permissions']) === undefined);
        assert.deepEqual(unnamed, []);
      });

      it('ends, and not twice at a time', () => {
        assert.ok(asString(asObject(workflow?.['concurrency'])?.['group']));
        const endless = jobs.filter(
          ({ job }) => !('uses' in (job ?? {})) && typeof job?.['timeout-minutes'] !== 'number',
        );
        assert.deepEqual(endless, []);
      });

      it('leaves no credentials in the folder', () => {
        const kept = steps
          .filter((step) => asString(step['uses'])?.startsWith('actions/checkout@'))
          .filter((step) => asObject(step['with'])?.['persist-credentials'] !== false);
        assert.deepEqual(kept, []);
      });

      it('puts no expression into a script, where it would be code', () => {
        const scripted = steps.map((step) => asString(step['run']) ?? '').filter((run) => run.includes('${{'));
        assert.deepEqual(scripted, []);
      });

      it('calls only scripts that exist', () => {
        assert.deepEqual(unknownScripts(steps.map((step) => asString(step['run']) ?? '').join('\n')), []);
      });
    });
  }
});

describe('.ci/run', () => {
  it('calls only scripts that exist', () => {
    const text = read('.ci/run');
    assert.ok(scriptsCalled(text).length > 0);
    assert.deepEqual(unknownScripts(text), []);
  });
});

describe('the updates of what is pinned', () => {
  const updates = objectsIn(asObject(parse(read('.github/dependabot.yml')))?.['updates']);
  const manifests: Readonly<Record<string, string>> = {
    docker: 'Dockerfile',
    'github-actions': '.github/workflows',
    gomod: 'go.mod',
    npm: 'package.json',
  };
  const followed = updates.map((update) => {
    const manifest = manifests[asString(update['package-ecosystem']) ?? ''] ?? 'unknown';
    return join(asString(update['directory']) ?? '', manifest).slice(1);
  });

  it('are of files that exist', () => {
    assert.deepEqual(
      followed.filter((file) => !existsSync(join(projectFolder, file))),
      [],
    );
  });

  it('are of every Go module', () => {
    const goModules = globSync('**/go.mod', { cwd: projectFolder, exclude: ['node_modules'] });
    assert.ok(goModules.length > 0);
    assert.deepEqual(followed.filter((file) => file.endsWith('go.mod')).toSorted(), goModules.toSorted());
  });
});
