// `npm run image`: what it takes, what it calls, and what it says where it cannot.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectFolder } from '../program.ts';
import { findEngine } from './engine.ts';
import { buildArguments, parseImageOptions } from './image-options.ts';

const nothingKnown = { version: '1.2.3', revision: undefined, created: undefined };

function argumentsFor(...args: readonly string[]): string[] {
  return buildArguments(parseImageOptions(args, '1.2.3'), nothingKnown);
}

/** An engine answers where each of these words, with what is called on it, is in the list. */
function machineWith(...commands: readonly string[]) {
  return (command: string, args: readonly string[]): boolean => commands.includes([command, ...args].join(' '));
}

describe('npm run image', () => {
  it('builds with the defaults of the Dockerfile where nothing is asked for', () => {
    assert.deepEqual(argumentsFor(), [
      'build',
      '--file=Dockerfile',
      '--tag=localhost/irsa-webhook:1.2.3',
      '--build-arg=VERSION=1.2.3',
      '.',
    ]);
  });

  it('passes on the tag, both bases, the source, the origin, and what is behind --', () => {
    const args = [
      '--tag',
      'a/b:c',
      '--build-image=d',
      '--runtime-image',
      'e',
      '--source',
      'f',
      '--',
      '--push',
      '--x=y',
    ];
    const options = parseImageOptions(args, '1.2.3');
    assert.deepEqual(buildArguments(options, { version: '1.2.3', revision: 'abc', created: '2026-11-25T00:00:00Z' }), [
      'build',
      '--file=Dockerfile',
      '--tag=a/b:c',
      '--build-arg=BUILD_IMAGE=d',
      '--build-arg=RUNTIME_IMAGE=e',
      '--build-arg=VERSION=1.2.3',
      '--build-arg=REVISION=abc',
      '--build-arg=CREATED=2026-11-25T00:00:00Z',
      '--build-arg=SOURCE=f',
      '--push',
      '--x=y',
      '.',
    ]);
  });

  const refusals: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['--tags', 'x'], /^Unknown option '--tags': expected --tag, [^\n]*$/],
    [['--tag'], /^Option '--tag <value>' argument missing: expected --tag, [^\n]*$/],
    [['--with', 'podman'], /^--with: expected docker or buildah, got "podman"$/],
  ];
  for (const [args, message] of refusals) {
    it(`refuses ${args.join(' ')} in one sentence`, () => {
      assert.throws(() => argumentsFor(...args), { code: 'ERR_IMAGE_BUILD', message });
    });
  }

  describe('builds with', () => {
    const docker = ['docker version', 'docker buildx version'];
    const buildah = 'buildah --version';

    it('docker where its engine and buildx answer', () => {
      assert.equal(findEngine(undefined, machineWith(...docker, buildah)), 'docker');
    });

    for (const half of docker) {
      it(`buildah where of docker only \`${half}\` works`, () => {
        assert.equal(findEngine(undefined, machineWith(half, buildah)), 'buildah');
      });
    }

    it('the one that is asked for', () => {
      assert.equal(findEngine('buildah', machineWith(...docker, buildah)), 'buildah');
    });

    it('neither where neither works: one sentence that says what is missing', () => {
      assert.throws(() => findEngine(undefined, machineWith('docker version')), {
        code: 'ERR_IMAGE_BUILD',
        message:
          'the image is built by docker with a running engine and buildx, or by buildah: expected that here, found neither',
      });
      assert.throws(() => findEngine('docker', machineWith(buildah)), {
        message: 'the image is built by docker with a running engine and buildx: expected that here, found none',
      });
    });
  });

  it('ends with 1 and that sentence', () => {
    const script = join(projectFolder, 'test', 'image', 'build.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { PATH: '/gone' },
    });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^npm run image: the image is built by docker [^\n]* found neither\n$/);
  });
});
