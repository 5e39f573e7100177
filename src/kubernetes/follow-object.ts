// Tells when one object of the API changes.

import { createReflector, type Reflector, type ReflectorOptions } from './reflector.ts';

/** What following an object needs. */
export type FollowObjectOptions = Pick<ReflectorOptions<true>, 'api' | 'now' | 'random' | 'wait'> & {
  /** Its collection, such as `/api/v1/namespaces/eks/secrets`. */
  readonly path: string;
  readonly name: string;
  /** It was created, changed or deleted, or may have been while nobody looked. Nothing of it is kept: read it. */
  readonly onChange: () => void;
  /** One sentence for each fault, which is survived. */
  readonly onError: (message: string) => void;
};

/** Starts to follow it, until stop(). Needs the rights `list` and `watch`, which may be limited to its name. */
export function followObject({ name, onChange, onError, ...options }: FollowObjectOptions): Reflector {
  return createReflector({
    ...options,
    selector: { fieldSelector: `metadata.name=${name}` },
    project: () => true,
    store: { begin: () => ({ add: () => undefined, commit: onChange }), set: onChange, delete: onChange },
    observer: {
      onSynced: () => undefined,
      onEvent: () => undefined,
      onRelist: () => undefined,
      onConnected: () => undefined,
      onError,
    },
  });
}
