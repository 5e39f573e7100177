// What `npm run image` may be told, and the command line that becomes of it.
import { parseArgs } from 'node:util';

/** What can build the image, in the order of preference. */
export const engines = ['docker', 'buildah'] as const;

export type Engine = (typeof engines)[number];

export type ImageOptions = {
  readonly tag: string;
  /** The engine that was asked for; undefined takes the first one that works. */
  readonly engine: Engine | undefined;
  readonly buildImage: string | undefined;
  readonly runtimeImage: string | undefined;
  /** Where the source is published, for the label. */
  readonly source: string | undefined;
  /** Passed on to the engine as they are. */
  readonly rest: readonly string[];
};

/** What the labels tell of the source; what is undefined keeps the default of the Dockerfile. */
export type Origin = {
  readonly version: string;
  /** The commit. */
  readonly revision: string | undefined;
  /** When, in RFC 3339. */
  readonly created: string | undefined;
};

/** The image cannot be built; the message says in one sentence what to do. */
export class ImageBuildError extends Error {
  override readonly name = 'ImageBuildError';
  readonly code = 'ERR_IMAGE_BUILD';
}

/** Reads the arguments; throws an {@link ImageBuildError} for one that is not known. */
export function parseImageOptions(args: readonly string[], version: string): ImageOptions {
  const { values, positionals } = parse(args);
  return {
    tag: values.tag ?? `localhost/irsa-webhook:${version}`,
    engine: values.with === undefined ? undefined : parseEngine(values.with),
    buildImage: values['build-image'],
    runtimeImage: values['runtime-image'],
    source: values.source,
    rest: positionals,
  };
}

function parse(args: readonly string[]) {
  const option = { type: 'string' } as const;
  const options = { tag: option, with: option, 'build-image': option, 'runtime-image': option, source: option };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    throw new ImageBuildError(
      `${fault.replace(/\.? To specify .*$/, '')}: expected --tag, --build-image, --runtime-image, --source, --with, and ` +
        'behind -- what is for docker or buildah',
      { cause: error },
    );
  }
}

function parseEngine(text: string): Engine {
  const engine = engines.find((name) => name === text);
  if (engine !== undefined) return engine;
  throw new ImageBuildError(`--with: expected docker or buildah, got ${JSON.stringify(text)}`);
}

/** Returns the arguments for the engine, which builds the folder that it runs in. */
export function buildArguments(options: ImageOptions, origin: Origin): string[] {
  const buildArgs: readonly (readonly [name: string, value: string | undefined])[] = [
    ['BUILD_IMAGE', options.buildImage],
    ['RUNTIME_IMAGE', options.runtimeImage],
    ['VERSION', origin.version],
    ['REVISION', origin.revision],
    ['CREATED', origin.created],
    ['SOURCE', options.source],
  ];
  return [
    'build',
    '--file=Dockerfile',
    `--tag=${options.tag}`,
    ...buildArgs.flatMap(([name, value]) => (value === undefined ? [] : [`--build-arg=${name}=${value}`])),
    ...options.rest,
    '.',
  ];
}
