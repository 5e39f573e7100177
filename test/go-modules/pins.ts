/** What a pinned Go module says, and the folder in the user's cache that belongs to exactly these pins. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export type Pins = {
  /** The oldest Go that builds the module, for example `1.26.0`. */
  readonly goVersion: string;
  /** Of go.mod, go.sum and this platform: whatever changes one of them needs binaries of its own. */
  readonly hash: string;
  /** Returns the required version of a Go module, for example `v1.36.3`. Throws where go.mod does not require it. */
  readonly versionOf: (modulePath: string) => string;
};

/** Returns the pins of the module in `moduleDirectory`. */
export function readPins(moduleDirectory: string): Pins {
  const file = path.join(moduleDirectory, 'go.mod');
  const goMod = readFileSync(file, 'utf8');
  const wordAfter = (prefix: string, what: string): string => {
    const line = goMod.split('\n').find((candidate) => candidate.startsWith(prefix));
    const word = line?.slice(prefix.length).split(' ')[0];
    if (word === undefined) throw new Error(`Expected ${what} in ${file}; found none.`);
    return word;
  };
  const hash = createHash('sha256')
    .update(goMod)
    .update(readFileSync(path.join(moduleDirectory, 'go.sum')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
    .slice(0, 12);
  return {
    goVersion: wordAfter('go ', 'a go directive'),
    hash,
    versionOf: (modulePath) => wordAfter(`\t${modulePath} `, `a required version of ${modulePath}`),
  };
}

/** Returns the folder `name` in the user's cache; it need not exist. The cache follows XDG_CACHE_HOME of `environment`. */
export function cacheFolder(name: string, environment: NodeJS.ProcessEnv): string {
  return path.join(cacheHome(environment), 'irsa-webhook', name);
}

/** The XDG specification tells to ignore a relative XDG_CACHE_HOME. */
function cacheHome(environment: NodeJS.ProcessEnv): string {
  const configured = environment['XDG_CACHE_HOME'];
  return configured !== undefined && path.isAbsolute(configured) ? configured : path.join(homedir(), '.cache');
}
