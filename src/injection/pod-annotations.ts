// Reads what a pod's own annotations say of its injection.
import { createAnnotationReader } from '../identity/annotation-reader.ts';
import { annotationNames } from '../identity/annotations.ts';
import { parseContainerNames } from '../identity/container-names.ts';
import { type InjectionOptions, readInjectionOptions } from '../identity/injection-options.ts';
import { asObject, type JsonObject } from '../identity/json.ts';

/** What a pod's annotations ask for; nothing in them makes reading them throw. */
export type PodAnnotations = {
  /** Names of the containers to leave alone. */
  readonly skippedContainers: ReadonlySet<string>;
  /** Precedence (the Go webhook's): pod annotation > account annotation > flag. */
  readonly tokenExpirationSeconds: number;
  /** Stronger than the account's. */
  readonly options: InjectionOptions;
  readonly warnings: readonly string[];
};

/** Returns what the annotations in a pod's metadata ask for; wrong ones count as absent, with a warning each. */
export function readPodAnnotations(
  metadata: JsonObject | undefined,
  accountExpirationSeconds: number,
  annotationPrefix: string,
): PodAnnotations {
  const reader = createAnnotationReader(asObject(metadata?.['annotations']), { owner: 'pod', annotationPrefix });
  const skipText = reader.read(annotationNames.skipContainers);
  const skippedContainers = parseContainerNames(skipText ?? '');
  if (skipText !== undefined && skippedContainers === undefined) {
    reader.warn(annotationNames.skipContainers, skipText, 'is not a CSV record', 'no container is skipped');
  }
  return {
    skippedContainers: skippedContainers ?? new Set(),
    tokenExpirationSeconds: reader.readExpiration(accountExpirationSeconds),
    options: readInjectionOptions(reader),
    warnings: reader.warnings,
  };
}
