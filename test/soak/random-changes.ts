// Makes up what happens to the service accounts of a cluster: a sequence that its seed repeats.
import { roleArn } from '../admission/reviews.ts';

/** Annotations as an account has them, or none at all. */
export type Annotations = Readonly<Record<string, string>> | undefined;

/** One event of a watch, but for its version. */
export type Change =
  | { readonly kind: 'put'; readonly key: string; readonly annotations: Annotations }
  | { readonly kind: 'remove'; readonly key: string }
  | { readonly kind: 'bookmark' };

/** Returns numbers from 0 up to, not including, 1 (Mulberry32 by Tommy Ettinger, public domain). */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** So many names there are; about 87 % of them are accounts at any time, since what exists is removed less often. */
const nameCount = 4_000;
const namespaceCount = 40;
const bookmarkShare = 0.02;
const removalShare = 0.15;

/** Returns the key, `namespace/name`, of the account with this number. */
function keyOf(index: number): string {
  return `team-${String(index % namespaceCount)}/workload-${String(index)}`;
}

/** Returns changes for the accounts that most of the names have at the start. */
export function initialChanges(random: () => number): Change[] {
  const exist = Array.from({ length: nameCount }, (_, index) => index).filter(() => random() < 0.87);
  return exist.map((index) => ({ kind: 'put', key: keyOf(index), annotations: annotationsOf(random) }));
}

/** Returns the next change; `has` says whether there is an account of a key. */
export function nextChange(random: () => number, has: (key: string) => boolean): Change {
  if (random() < bookmarkShare) return { kind: 'bookmark' };
  const key = keyOf(Math.floor(random() * nameCount));
  if (has(key) && random() < removalShare) return { kind: 'remove', key };
  return { kind: 'put', key, annotations: annotationsOf(random) };
}

/** Half of the accounts have a role; the others are without anything of ours, or say something else. */
function annotationsOf(random: () => number): Annotations {
  const stamp = String(Math.floor(random() * 1_000_000));
  const role = { 'eks.amazonaws.com/role-arn': `${roleArn}-${stamp}` };
  const kinds: readonly (() => Annotations)[] = [
    () => undefined,
    () => ({}),
    () => ({ unrelated: stamp }),
    () => ({ 'eks.amazonaws.com/role-arn': ' ' }),
    () => ({ 'eks.amazonaws.com/token-expiration': String(600 + Math.floor(random() * 1_000)) }),
    () => role,
    () => ({ ...role, 'eks.amazonaws.com/audience': `audience-${stamp}` }),
    () => ({ ...role, 'eks.amazonaws.com/token-expiration': 'never' }),
    () => ({ ...role, 'kubectl.kubernetes.io/last-applied-configuration': stamp.repeat(200) }),
    () => ({ ...role, 'eks.amazonaws.com/sts-regional-endpoints': 'true' }),
  ];
  return kinds[Math.floor(random() * kinds.length)]?.();
}
