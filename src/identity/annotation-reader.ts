// Reads the annotations of one object, and collects what is wrong with them.
import { annotationNames } from './annotations.ts';
import { parseBool } from './go-literals.ts';
import { asString, type JsonObject } from './json.ts';
import { parseTokenExpiration } from './token-expiration.ts';
import { type AnnotationFault, annotationWarning } from './warning.ts';

/** Reads annotations by their names without prefix. Nothing in them makes it throw. */
export type AnnotationReader = {
  /** Returns the text, or undefined where there is none. */
  readonly read: (name: string) => string | undefined;
  /** Returns the boolean; undefined, with a warning, where it is none. */
  readonly readBoolean: (name: string, consequence: string) => boolean | undefined;
  /** Returns the lifetime of a token in seconds, within bounds; the fallback where there is none, or none of use. */
  readonly readExpiration: (fallbackSeconds: number) => number;
  readonly warn: (name: string, found: string, problem: string, consequence: string) => void;
  readonly warnings: readonly string[];
};

/** Whose annotations are read. */
export type AnnotationOwner = Pick<AnnotationFault, 'owner' | 'annotationPrefix'>;

/** Returns the reader of an object's annotations. */
export function createAnnotationReader(annotations: JsonObject | undefined, owner: AnnotationOwner): AnnotationReader {
  const warnings: string[] = [];
  const start = `${owner.annotationPrefix}/`;
  // Most objects have none of ours, and making the name of each costs more than to see that.
  const hasOurs = Object.keys(annotations ?? {}).some((name) => name.startsWith(start));
  const read: AnnotationReader['read'] = (name) => (hasOurs ? asString(annotations?.[start + name]) : undefined);
  const warn: AnnotationReader['warn'] = (name, found, problem, consequence) => {
    warnings.push(annotationWarning({ ...owner, name, found, problem, consequence }));
  };
  return {
    read,
    readBoolean: (name, consequence) => {
      const text = read(name);
      const value = text === undefined ? undefined : parseBool(text);
      if (text !== undefined && value === undefined) warn(name, text, 'is not a boolean', consequence);
      return value;
    },
    readExpiration: (fallbackSeconds) => {
      const text = read(annotationNames.tokenExpiration);
      if (text === undefined) return fallbackSeconds;
      const { seconds, problem } = parseTokenExpiration(text, fallbackSeconds);
      if (problem !== undefined) warn(annotationNames.tokenExpiration, text, problem, `${String(seconds)} is used`);
      return seconds;
    },
    warn,
    warnings,
  };
}
