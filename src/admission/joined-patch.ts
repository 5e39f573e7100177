// The patch of a plain pod, joined from pieces that are made once an identity.
import type { Identity } from '../identity/identity.ts';
import { inject } from '../injection/inject.ts';
import type { AddOperation } from '../injection/operations.ts';
import { createPlainPodReader, type ContainerSlot, type PlainPod, slotKey } from '../injection/plain-pod.ts';
import type { InjectionSettings } from '../injection/settings.ts';

/** What {@link inject} gives, and the same as a JSON Patch in base64. */
export type JoinedPatch = { readonly operations: readonly AddOperation[]; readonly base64: string };

/** Returns the patch that {@link inject} would give, or undefined where that one must be asked. */
export type JoinPatch = (pod: unknown, identity: Identity) => JoinedPatch | undefined;

/** Identities whose pieces are kept, some 10 KB each; beyond that all are made again. */
const maxIdentities = 1024;

/** Patches that are kept for an identity: the pods of a workload are of one shape, which has one for each identity. */
const maxShapes = 4;

/** Characters: longer texts are for the way that counts the bytes of a patch beforehand. */
const maxTextLength = 2048;

/**
 * Returns the function that joins. It knows nothing of what a pod is to get: a piece is what {@link inject} gives the
 * smallest pod with such a volume list or container, and a pod that is not plain is left to it.
 *
 * Pieces are made when an identity comes a second time, since one that was read live never does.
 */
export function createPatchJoiner(settings: InjectionSettings): JoinPatch {
  const readPlainPod = createPlainPodReader(settings);
  const fits = !settings.spreadsTokenExpiration && settings.mountPath.length <= maxTextLength;
  let known = new WeakMap<Identity, Pieces | 'seen'>();
  let count = 0;

  const piecesOf = (identity: Identity): Pieces | undefined => {
    const pieces = known.get(identity);
    if (typeof pieces === 'object') return pieces;
    if (pieces === undefined) {
      known.set(identity, 'seen');
      return undefined;
    }
    if (count === maxIdentities) {
      known = new WeakMap();
      count = 0;
    }
    count += 1;
    const made = createPieces(identity, settings);
    known.set(identity, made);
    return made;
  };

  return (pod, identity) => {
    if (!fits || !isPlain(identity)) return undefined;
    const plain = readPlainPod(pod);
    const pieces = plain && piecesOf(identity);
    if (plain === undefined || pieces === undefined) return undefined;
    const shape = shapeOf(plain);
    const kept = pieces.joined.get(shape);
    if (kept !== undefined) return kept;
    const joined = join([pieces.volume(plain.hasVolumes), ...plain.containers.map(pieces.container)]);
    if (pieces.joined.size < maxShapes) pieces.joined.set(shape, joined);
    return joined;
  };
}

/** Returns a text that pods share where the same pieces make their patches. */
function shapeOf({ hasVolumes, containers }: PlainPod): string {
  let shape = hasVolumes ? 'v' : ' ';
  for (const slot of containers) shape += String.fromCharCode(slotKey(slot));
  return shape;
}

function join(pieces: readonly JoinedPatch[]): JoinedPatch {
  return {
    operations: pieces.flatMap(({ operations }) => operations),
    base64: [...pieces.map(({ base64 }) => base64), end].join(''),
  };
}

function isPlain({ roleArn, audience, containerRoles, target, options }: Identity): boolean {
  return (
    roleArn !== undefined &&
    roleArn.length <= maxTextLength &&
    audience.length <= maxTextLength &&
    containerRoles === undefined &&
    target === undefined &&
    options?.roleSessionName === undefined &&
    options?.includedContainers === undefined
  );
}

type Pieces = {
  /** Whole patches by the shape of a pod. */
  readonly joined: Map<string, JoinedPatch>;
  readonly volume: (hasVolumes: boolean) => JoinedPatch;
  readonly container: (slot: ContainerSlot) => JoinedPatch;
};

function createPieces(identity: Identity, settings: InjectionSettings): Pieces {
  const made = new Map<string | number, JoinedPatch>();
  const piece = (key: string | number, make: () => JoinedPatch): JoinedPatch => {
    const present = made.get(key);
    if (present !== undefined) return present;
    const first = make();
    made.set(key, first);
    return first;
  };
  const operationsUnder = (path: string, spec: object): readonly AddOperation[] =>
    inject({ spec }, identity, settings).operations.filter((operation) => operation.path.startsWith(path));
  return {
    joined: new Map(),
    volume: (hasVolumes) =>
      piece(String(hasVolumes), () => {
        const spec = { ...(hasVolumes && { volumes: [] }), containers: [{}] };
        return pieceOf('[', operationsUnder('/spec/volumes', spec));
      }),
    container: (slot) =>
      piece(slotKey(slot), () => {
        const container = { ...(slot.hasEnv && { env: [] }), ...(slot.hasMounts && { volumeMounts: [] }) };
        const list = [...Array.from({ length: slot.index }, () => null), container];
        return pieceOf(',', operationsUnder(`/spec/${slot.field}/`, { [slot.field]: list }));
      }),
  };
}

/** Spaces between the tokens of JSON mean nothing, and base64 can be joined where its bytes come by threes. */
function pieceOf(before: '[' | ',', operations: readonly AddOperation[]): JoinedPatch {
  const text = before + operations.map((operation) => JSON.stringify(operation)).join(',');
  return { operations, base64: toBase64(text) };
}

function toBase64(text: string): string {
  const missing = (3 - (Buffer.byteLength(text) % 3)) % 3;
  return Buffer.from(text + ' '.repeat(missing)).toString('base64');
}

const end = toBase64(']');
