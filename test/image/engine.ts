// Which of docker and buildah builds the image on this machine.
import { type Engine, engines, ImageBuildError } from './image-options.ts';

/** Tells whether a command ends with 0. */
export type Succeeds = (command: string, args: readonly string[]) => boolean;

/** A client of docker alone cannot build: it needs its engine, and buildx, which knows the platform that it builds on. */
const checks: Readonly<Record<Engine, readonly (readonly string[])[]>> = {
  docker: [['version'], ['buildx', 'version']],
  buildah: [['--version']],
};

/** Returns the engine that was asked for, or the first one that works; throws an {@link ImageBuildError} without one. */
export function findEngine(wanted: Engine | undefined, succeeds: Succeeds): Engine {
  const candidates = wanted === undefined ? engines : [wanted];
  const found = candidates.find((engine) => checks[engine].every((args) => succeeds(engine, args)));
  if (found !== undefined) return found;
  const expected = { docker: 'docker with a running engine and buildx', buildah: 'buildah' };
  const names = candidates.map((engine) => expected[engine]).join(', or by ');
  const none = wanted === undefined ? 'neither' : 'none';
  throw new ImageBuildError(`the image is built by ${names}: expected that here, found ${none}`);
}
