// The state of a rotation as the Secret holds it: PEM that anyone can look at, and one time.
import { type Authority, createAuthority, createSigner, isSame, type Signer } from './authority.ts';

/** The keys of the Secret that are ours; all others stay as they are. */
export const secretKeys = {
  /** Certificate and key of the authority that signs. */
  signerCert: 'ca.crt',
  signerKey: 'ca.key',
  /** Of the one that is being made known to the API servers. */
  nextCert: 'next-ca.crt',
  nextKey: 'next-ca.key',
  /** Certificate of the one that signed before; its key is gone. */
  oldCert: 'old-ca.crt',
  /** When the signer took over from it, as in `2026-11-25T13:00:00.000Z`. */
  switchedAt: 'switched-at',
} as const;

/** What the Secret says of authorities. */
export type AuthorityState = {
  readonly signer: Signer | undefined;
  readonly next: Signer | undefined;
  readonly old: Authority | undefined;
  /** Milliseconds since 1970. */
  readonly switchedAtMs: number | undefined;
};

/** What could be read, and one clause for each part that could not; none of them holds anything of a key. */
export type AuthorityReading = { readonly state: AuthorityState; readonly faults: readonly string[] };

/** The `data` of a Secret: base64 by key, whatever else it may hold. */
export type SecretData = Readonly<Record<string, unknown>>;

/** Reads the state. Never throws: what is there and cannot be used is a fault, and as good as absent. */
export function readAuthorityState(data: SecretData): AuthorityReading {
  const faults: string[] = [];
  const text = (key: string): string | undefined => {
    const value = data[key];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('latin1') : undefined;
  };
  const attempt = <T>(name: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const signerOf = (certKey: string, keyKey: string): Signer | undefined => {
    const cert = text(certKey);
    const key = text(keyKey);
    if (cert === undefined && key === undefined) return undefined;
    return attempt(certKey, () => createSigner(cert ?? '', key ?? ''));
  };
  const { signerCert, signerKey, nextCert, nextKey, oldCert, switchedAt } = secretKeys;
  const old = text(oldCert);
  const time = text(switchedAt);
  const state = {
    signer: signerOf(signerCert, signerKey),
    next: signerOf(nextCert, nextKey),
    old: old === undefined ? undefined : attempt(oldCert, () => createAuthority(old)),
    switchedAtMs: time === undefined ? undefined : attempt(switchedAt, () => parseTime(time)),
  };
  return { state: withoutDoubles(state, faults), faults };
}

/** One authority in two places would be wanted in the bundles and not wanted. */
function withoutDoubles(state: AuthorityState, faults: string[]): AuthorityState {
  const { signer, old, switchedAtMs } = state;
  let { next } = state;
  if (isSame(next, signer)) {
    faults.push(`${secretKeys.nextCert}: it is the one that signs`);
    next = undefined;
  }
  if (old === undefined) return { ...state, next };
  if (isSame(old, signer) || isSame(old, next)) {
    faults.push(`${secretKeys.oldCert}: it is not old`);
    return { ...state, next, old: undefined };
  }
  // Without a time it would never be dropped.
  if (next === undefined && switchedAtMs === undefined) faults.push(`${secretKeys.switchedAt}: it is missing`);
  return { ...state, next };
}

/** Returns the `data` that a state is written as; null takes a key out, in a merge patch. */
export function writeAuthorityState({
  signer,
  next,
  old,
  switchedAtMs,
}: AuthorityState): Record<string, string | null> {
  const { signerCert, signerKey, nextCert, nextKey, oldCert, switchedAt } = secretKeys;
  const time = switchedAtMs === undefined ? undefined : new Date(switchedAtMs).toISOString();
  return {
    [signerCert]: encode(signer?.cert),
    [signerKey]: encode(signer?.key),
    [nextCert]: encode(next?.cert),
    [nextKey]: encode(next?.key),
    [oldCert]: encode(old?.cert),
    [switchedAt]: encode(time),
  };
}

function encode(text: string | undefined): string | null {
  return text === undefined ? null : Buffer.from(text).toString('base64');
}

function parseTime(text: string): number {
  const timeMs = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new Error('expected a time such as 2026-11-25T13:00:00.000Z');
  return timeMs;
}
