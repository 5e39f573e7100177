// What is in the image, and what is not.
import assert from 'node:assert/strict';
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asObject, asString } from '../../../src/identity/json.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { builtProgram, projectFolder } from '../../program.ts';
import { image } from './hooks.ts';

const megabyte = 1_000_000;

/** The bundle is 5.7 MB; its packages as they are published are 100 MB. */
const mostAddedMegabytes = 8;

/** Node itself is 150 MB; its libraries, certificates and time zones are 8 MB. */
const mostMegabytes = 200;

/** S_ISUID and S_ISGID of stat(2). */
const setUserOrGroup = 0o6000;

type Entry = { readonly path: string; readonly stats: Stats };

/** Everything below a root, by paths that start there, in their order. */
async function list(root: string): Promise<Entry[]> {
  const paths = (await readdir(root, { recursive: true })).toSorted();
  return Promise.all(paths.map(async (path) => ({ path: `/${path}`, stats: await lstat(join(root, path)) })));
}

/** What the image has and its base has not. */
async function listAdded(): Promise<Entry[]> {
  const inBase = new Set((await list(image().roots.base)).map(({ path }) => path));
  return (await list(image().roots.image)).filter(({ path }) => !inBase.has(path));
}

function pathsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ path }) => path);
}

function megabytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { stats }) => sum + (stats.isFile() ? stats.size : 0), 0) / megabyte;
}

/** The mode of a link is no right to anything. */
function isLink({ stats }: Entry): boolean {
  return stats.isSymbolicLink();
}

async function builtFiles(ending: string): Promise<string[]> {
  return (await readdir(dirname(builtProgram))).filter((file) => file.endsWith(ending)).toSorted();
}

describe('the contents of the image', () => {
  it('are those of its base, and the bundle with its licences: nothing else, nothing less', async () => {
    const scripts = (await builtFiles('.js')).map((file) => `/app/${file}`);
    const licences = (await builtFiles('.LEGAL.txt')).map((file) => `/licenses/${file}`);
    assert.ok(scripts.length > 5 && licences.length > 0, 'npm run build was run');
    assert.deepEqual(
      pathsOf(await listAdded()).toSorted(),
      ['/app', ...scripts, '/licenses', '/licenses/LICENSE', ...licences, '/webhook'].toSorted(),
    );
    const inBase = pathsOf(await list(image().roots.base));
    const inImage = new Set(pathsOf(await list(image().roots.image)));
    assert.deepEqual(
      inBase.filter((path) => !inImage.has(path)),
      [],
    );
  });

  it('are, byte for byte, what npm run build makes here, but for the first line of the program', async () => {
    const { image: root } = image().roots;
    for (const file of await builtFiles('.js')) {
      const here = await readFile(join(dirname(builtProgram), file), 'utf8');
      const there = await readFile(join(root, 'app', file), 'utf8');
      const expected = file === 'irsa-webhook.js' ? here.replace('#!/usr/bin/env node', '#!/nodejs/bin/node') : here;
      assert.ok(there === expected, file);
    }
    assert.equal(await readlink(join(root, 'webhook')), '/app/irsa-webhook.js');
    assert.equal(
      await readFile(join(root, 'licenses', 'LICENSE'), 'utf8'),
      await readFile(join(projectFolder, 'LICENSE'), 'utf8'),
    );
  });

  it('have no shell, no package manager, no packages, no source maps', async () => {
    const programs =
      /^(?:ash|bash|busybox|dash|sh|zsh|npm|npx|corepack|yarn|pnpm|apt|apt-get|dpkg|apk|curl|wget|env|perl)$/;
    const others = /^(?:node_modules|package(?:-lock)?\.json|.*\.(?:map|ts|sh|pem|key))$/;
    const unwanted = pathsOf(await list(image().roots.image)).filter((path) => {
      const name = basename(path);
      return programs.test(name) || others.test(name);
    });
    assert.deepEqual(unwanted, []);
    for (const file of await builtFiles('.js')) {
      const text = await readFile(join(image().roots.image, 'app', file), 'utf8');
      assert.doesNotMatch(text, /^\/\/[#@] sourceMappingURL=/m, file);
    }
  });

  it('have no program that changes its user', async () => {
    const entries = await list(image().roots.image);
    const changing = entries.filter(({ stats }) => stats.isFile() && (stats.mode & setUserOrGroup) !== 0);
    assert.deepEqual(pathsOf(changing), []);
  });

  it('belong to root, and its user can write none of them', async () => {
    const added = await listAdded();
    assert.deepEqual(pathsOf(added.filter(({ stats }) => stats.uid !== 0 || stats.gid !== 0)), []);
    assert.deepEqual(pathsOf(added.filter((entry) => !isLink(entry) && (entry.stats.mode & 0o022) !== 0)), []);
    // Of the base, its home and the folder for temporary files are the user's, as in the distroless images.
    const writable = (await list(image().roots.image)).filter(
      (entry) => !isLink(entry) && (entry.stats.uid === 65_532 || (entry.stats.mode & 0o002) !== 0),
    );
    assert.deepEqual(pathsOf(writable), ['/home/nonroot', '/tmp']);
  });

  it(`add at most ${mostAddedMegabytes} MB, and are at most ${mostMegabytes} MB, unpacked`, async () => {
    const [added, all] = [megabytesOf(await listAdded()), megabytesOf(await list(image().roots.image))];
    assert.ok(added > 1 && added <= mostAddedMegabytes, `${added} MB are added`);
    assert.ok(all <= mostMegabytes, `${all} MB`);
  });
});

describe('the configuration of the image', () => {
  it('has a user by number, the command of the Go webhook, no arguments, and the ports', () => {
    const { config } = image();
    assert.equal(config['User'], '65532:65532');
    assert.deepEqual(config['Entrypoint'], ['/webhook']);
    assert.equal(config['Cmd'], undefined);
    assert.equal(config['WorkingDir'], '/');
    assert.deepEqual(Object.keys(asObject(config['ExposedPorts']) ?? {}).toSorted(), ['443/tcp', '9999/tcp']);
  });

  it('has the labels of OCI, with what is known of the source', () => {
    const labels = asObject(image().config['Labels']) ?? {};
    const prefix = 'org.opencontainers.image.';
    const found = Object.fromEntries(
      Object.entries(labels).flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
      ),
    );
    const { revision, created, ...fixed } = found;
    assert.deepEqual(fixed, {
      title: packageJson.name,
      description: packageJson.description,
      licenses: packageJson.license,
      version: packageJson.version,
      source: 'https://example.com/irsa-webhook',
      'base.name': image().runtimeBase,
    });
    assert.match(asString(revision) ?? '', /^(?:[0-9a-f]{40}(?:-dirty)?|unknown)$/);
    assert.ok(!Number.isNaN(Date.parse(asString(created) ?? '')), String(created));
  });
});
