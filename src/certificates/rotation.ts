// What the one writer does next: a pure function of the Secret, of what the bundles hold, and of the time.
import { backdateMs } from './backdate.ts';

/** As much of an authority as its rotation depends on. Times in milliseconds since 1970. */
export type Known = {
  /** PEM in the one form that equal certificates share. */
  readonly cert: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
};

/** What the Secret says; what could not be read of it is undefined here and makes `isFaulty`. */
export type SecretView = {
  /** Signs the leaves. */
  readonly signer: Known | undefined;
  /** Is being made known to the API servers, and signs nothing yet. */
  readonly next: Known | undefined;
  /** Signed before, and is kept in the bundles for the leaves that it signed. */
  readonly old: Known | undefined;
  /** When `signer` took over from `old`. */
  readonly switchedAtMs: number | undefined;
  /** Something in it cannot be used, and is to be replaced or taken out. */
  readonly isFaulty: boolean;
};

/** What one `caBundle` holds. */
export type Bundle = {
  /** Of certificates that have not ended. */
  readonly certs: ReadonlySet<string>;
  /** Those that have ended. They verify nothing, and hurt nobody. */
  readonly ended: ReadonlySet<string>;
  /** There is something in it that is no certificate, and that may hide one from the API server. */
  readonly isFaulty: boolean;
};

/** Times that are the operator's to choose, in milliseconds. */
export type RotationSettings = {
  readonly authorityLifetimeMs: number;
  readonly leafLifetimeMs: number;
  /** A bundle is in use at every API server so long after it was written. */
  readonly propagationDelayMs: number;
};

/** All that a step depends on. */
export type RotationView = {
  readonly secret: SecretView;
  /** Of every webhook of every configuration that there is. */
  readonly bundles: readonly Bundle[];
  /** Returns for how long all bundles have been seen to hold a certificate; 0 where one does not. */
  readonly heldMs: (cert: string) => number;
  readonly nowMs: number;
  readonly settings: RotationSettings;
};

/** What is to be done. Each step leaves the Secret and the bundles so that the next one follows from them alone. */
export type Step =
  /** There is no authority: make one, as the signer, or where bundles hold others that may be in use, as the next one. */
  | { readonly kind: 'create'; readonly as: 'next' | 'signer' }
  /** Take what cannot be used, or has ended, out of the Secret. */
  | { readonly kind: 'repair' }
  /** Put certificates into every bundle, and take some out. */
  | { readonly kind: 'bundle'; readonly wanted: readonly string[]; readonly unwanted: readonly string[] }
  /** Make the next authority. */
  | { readonly kind: 'introduce' }
  /** The next authority signs from now on. */
  | { readonly kind: 'switch' }
  /** No leaf of the old authority is left: take it out of the Secret. It is out of the bundles already. */
  | { readonly kind: 'retire' }
  /** Nothing before this time, unless something changes. */
  | { readonly kind: 'rest'; readonly untilMs: number };

/** Returns the next step. */
export function decideStep(view: RotationView): Step {
  const { secret, bundles, nowMs } = view;
  if (!isAlive(secret.signer, nowMs) && !isAlive(secret.next, nowMs)) {
    return { kind: 'create', as: bundles.some(({ certs }) => certs.size > 0) ? 'next' : 'signer' };
  }
  const named = [secret.signer, secret.next, secret.old].filter((known) => known !== undefined);
  // An old one that has ended is as good as due.
  const isRepaired = named.every((known) => known === secret.old || isAlive(known, nowMs));
  if (secret.isFaulty || !isRepaired) return { kind: 'repair' };
  return decideBundles(named, view) ?? decideSecret(view);
}

/** The bundles come before the Secret: whatever is in use is in them, and what is not any more leaves them first. */
function decideBundles(named: readonly Known[], view: RotationView): Step | undefined {
  const { old } = view.secret;
  const unwanted = old !== undefined && view.nowMs >= retireAtMs(old, view) ? [old.cert] : [];
  const wanted = named.map(({ cert }) => cert).filter((cert) => !unwanted.includes(cert));
  const areRight = view.bundles.every((bundle) => isRight(bundle, wanted, unwanted));
  return areRight ? undefined : { kind: 'bundle', wanted, unwanted };
}

/** All that the Secret names is alive, and the bundles are right. */
function decideSecret(view: RotationView): Step {
  const { signer, next, old } = view.secret;
  const retireMs = old === undefined ? Number.POSITIVE_INFINITY : retireAtMs(old, view);
  if (view.nowMs >= retireMs) return { kind: 'retire' };
  if (next !== undefined) return decideSwitch(next, view);
  const renewMs = signer === undefined || old !== undefined ? Number.POSITIVE_INFINITY : renewAtMs(signer);
  if (view.nowMs >= renewMs) return { kind: 'introduce' };
  return { kind: 'rest', untilMs: Math.min(retireMs, renewMs, signer?.notAfterMs ?? retireMs) };
}

/** All bundles hold the next authority, by now. */
function decideSwitch(next: Known, { secret, bundles, heldMs, nowMs, settings }: RotationView): Step {
  const leftMs = settings.propagationDelayMs - heldMs(next.cert);
  // Nothing else that anybody could serve a leaf of.
  const isAlone = secret.signer === undefined && bundles.every(({ certs }) => certs.size === 1);
  if (leftMs <= 0 || isAlone) return { kind: 'switch' };
  return { kind: 'rest', untilMs: nowMs + leftMs };
}

/** Returns when no leaf of the old authority can be left: the one that was signed last has ended, or it has itself. */
function retireAtMs(old: Known, { secret: { switchedAtMs }, settings }: RotationView): number {
  const neverMs = Number.POSITIVE_INFINITY;
  return Math.min(old.notAfterMs, (switchedAtMs ?? neverMs) + settings.leafLifetimeMs + settings.propagationDelayMs);
}

/** Returns when a third of an authority's life is left, by its own dates: the flag may have been another one. */
export function renewAtMs({ notBeforeMs, notAfterMs }: Known): number {
  return notAfterMs - Math.max(notAfterMs - notBeforeMs - backdateMs, 0) / 3;
}

function isRight(bundle: Bundle, wanted: readonly string[], unwanted: readonly string[]): boolean {
  const { certs, ended, isFaulty } = bundle;
  const isClean = !unwanted.some((cert) => certs.has(cert) || ended.has(cert));
  return !isFaulty && isClean && wanted.every((cert) => certs.has(cert));
}

function isAlive(known: Known | undefined, nowMs: number): boolean {
  return known !== undefined && known.notAfterMs > nowMs;
}
