/** Tests where the binaries of the control plane are looked for, and what is said when they are not there. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { put, runScript } from '../go-modules/folders.ts';
import { findBinaries, findBinary } from './binaries.ts';
import { binaryNames, readRelease } from './kubernetes/release.ts';

const buildScript = path.join(import.meta.dirname, 'kubernetes', 'build.ts');

describe('the binaries of the control plane', () => {
  let directory: string;
  let assets: string;
  let cache: string;
  let environment: NodeJS.ProcessEnv;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'irsa-webhook-binaries-'));
    assets = path.join(directory, 'assets');
    environment = { XDG_CACHE_HOME: path.join(directory, 'cache') };
    cache = readRelease(environment).directory;
  });

  afterEach(async () => rm(directory, { recursive: true }));

  it('are those of KUBEBUILDER_ASSETS first', async () => {
    await put(assets, binaryNames);
    await put(cache, binaryNames);
    assert.deepEqual(findBinaries({ ...environment, KUBEBUILDER_ASSETS: assets }), {
      binaries: {
        etcd: path.join(assets, 'etcd'),
        'kube-apiserver': path.join(assets, 'kube-apiserver'),
        'kube-controller-manager': path.join(assets, 'kube-controller-manager'),
      },
    });
  });

  it('come from the cache where KUBEBUILDER_ASSETS lacks one', async () => {
    await put(assets, ['etcd', 'kube-apiserver']);
    await put(cache, binaryNames);
    assert.deepEqual(findBinaries({ ...environment, KUBEBUILDER_ASSETS: assets }), {
      binaries: {
        etcd: path.join(assets, 'etcd'),
        'kube-apiserver': path.join(assets, 'kube-apiserver'),
        'kube-controller-manager': path.join(cache, 'kube-controller-manager'),
      },
    });
  });

  it('are named where neither place has them, with what to run', async () => {
    await put(assets, ['etcd', 'kube-apiserver']);
    const found = findBinaries({ ...environment, KUBEBUILDER_ASSETS: assets });
    assert.ok('reason' in found);
    assert.match(found.reason, /^kube-controller-manager not found .*: run `npm run kubernetes`, or set KUBECONFIG$/);
  });

  it('include kubectl for who wants it', async () => {
    assert.equal(findBinary('kubectl', environment), undefined);
    await put(cache, ['kubectl']);
    assert.equal(findBinary('kubectl', environment), path.join(cache, 'kubectl'));
  });

  it('live in the home folder where XDG_CACHE_HOME is relative, as its specification says', () => {
    assert.equal(readRelease({ XDG_CACHE_HOME: 'cache' }).directory, readRelease({}).directory);
  });

  describe('npm run kubernetes', () => {
    it('says at once that everything is there', async () => {
      await put(cache, binaryNames);
      const { status, stdout } = runScript(buildScript, { ...environment, PATH: '' });
      assert.equal(stdout, `${cache} has Kubernetes ${readRelease(environment).kubernetesVersion} already\n`);
      assert.equal(status, 0);
    });

    it('says in one sentence that Go is missing', () => {
      const { status, stderr } = runScript(buildScript, { ...environment, PATH: '' });
      assert.match(
        stderr,
        /^Expected Go 1\.26\.0 or newer .* got no `go` command on the PATH: install Go, or set .*\n$/,
      );
      assert.equal(status, 1);
    });

    it('says in one sentence that Go is too old', async () => {
      await put(directory, []);
      await writeFile(path.join(directory, 'go'), '#!/bin/sh\necho go1.25.9\n', { mode: 0o755 });
      const { status, stderr } = runScript(buildScript, { ...environment, PATH: directory });
      assert.match(stderr, /^Expected Go 1\.26\.0 or newer .* got go1\.25\.9: .*\n$/);
      assert.equal(status, 1);
    });

    it('leaves nothing behind where a build fails', async () => {
      await writeFile(path.join(directory, 'go'), '#!/bin/sh\n[ $1 = env ] && echo go1.26.0\n', { mode: 0o755 });
      const { status, stderr } = runScript(buildScript, { ...environment, PATH: directory });
      assert.match(stderr, /^Expected `go build` of etcd to succeed, got exit code 1: see above\.\n$/);
      assert.equal(status, 1);
      assert.deepEqual(await readdir(path.dirname(cache)), []);
    });
  });
});
