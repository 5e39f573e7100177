// Reads what a pod's own annotations say of its injection.
import { annotationNames } from '../identity/annotations.ts';
import { asObject, asString } from '../identity/json.ts';
import { parseTokenExpiration } from '../identity/token-expiration.ts';
import { annotationWarning } from '../identity/warning.ts';
import { parseSkipContainers } from './skip-containers.ts';

/** What a pod's annotations ask for; nothing in them makes reading them throw. */
export type PodAnnotations = {
  /** Names of the containers to leave alone. */
  readonly skippedContainers: ReadonlySet<string>;
  /** Precedence (the Go webhook's): pod annotation > account annotation > flag. */
  readonly tokenExpirationSeconds: number;
  readonly warnings: readonly string[];
};

/** Returns what the pod's annotations ask for; wrong ones count as absent, with a warning each. */
export function readPodAnnotations(
  pod: unknown,
  accountExpirationSeconds: number,
  annotationPrefix: string,
): PodAnnotations {
  const annotations = asObject(asObject(asObject(pod)?.['metadata'])?.['annotations']);
  const read = (name: string): string | undefined => asString(annotations?.[`${annotationPrefix}/${name}`]);
  const warnings: string[] = [];
  const warn = (name: string, found: string, problem: string, consequence: string): void => {
    warnings.push(annotationWarning({ owner: 'pod', annotationPrefix, name, found, problem, consequence }));
  };

  const skipText = read(annotationNames.skipContainers);
  const skippedContainers = parseSkipContainers(skipText ?? '');
  if (skipText !== undefined && skippedContainers === undefined) {
    warn(annotationNames.skipContainers, skipText, 'is not a CSV record', 'no container is skipped');
  }

  let tokenExpirationSeconds = accountExpirationSeconds;
  const expirationText = read(annotationNames.tokenExpiration);
  if (expirationText !== undefined) {
    const { seconds, problem } = parseTokenExpiration(expirationText, tokenExpirationSeconds);
    if (problem !== undefined) {
      warn(annotationNames.tokenExpiration, expirationText, problem, `${String(seconds)} is used`);
    }
    tokenExpirationSeconds = seconds;
  }
  return { skippedContainers: skippedContainers ?? new Set(), tokenExpirationSeconds, warnings };
}
