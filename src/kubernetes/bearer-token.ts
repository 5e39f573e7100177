// The bearer token in a file, fresh enough.

import { KubernetesError } from './errors.ts';
import { createLastGoodFile } from './last-good-file.ts';

/** How long a token is used before its file is looked at again: client-go's period (transport/token_source.go). */
const tokenMaxAgeMs = 60_000;

/** The Authorization header's value made of a token file. */
export type BearerTokenFile = {
  /** Returns `Bearer <token>`; throws ERR_KUBERNETES_CREDENTIAL while the file never held one. */
  authorization(): string;
  /** Makes the next authorization() read the file. */
  expire(): void;
};

/** Returns the reader of a token file. `advice` ends the message of its error. */
export function createBearerTokenFile(path: string, now: () => number, advice: string): BearerTokenFile {
  const file = createLastGoodFile({ path, maxAgeMs: tokenMaxAgeMs, now });
  return {
    authorization() {
      const token = file.read();
      if (token !== undefined && isHeaderText(token)) return `Bearer ${token}`;
      // A file that is being written badly is looked at again with the next call, not after a minute.
      file.expire();
      throw new KubernetesError(
        'ERR_KUBERNETES_CREDENTIAL',
        `Expected a token in ${path}, got no such file, an unreadable or an empty one, or one with characters that no token has: ${advice}`,
      );
    },
    expire: () => file.expire(),
  };
}

/** A line break or a character outside ASCII can stand in no header. */
function isHeaderText(text: string): boolean {
  return /^[!-~]+$/.test(text);
}
