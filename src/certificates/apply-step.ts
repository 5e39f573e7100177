// Does what a step of the rotation says: one write of the Secret, or one of each configuration.
import type { Authority, Signer } from './authority.ts';
import type { AuthorityState } from './authority-secret.ts';
import type { BundleWrite, Configuration, Configurations, ConfigurationsReading } from './configurations.ts';
import { Fault, orFault } from './fault.ts';
import type { AuthorityOptions } from './make.ts';
import type { RotationSettings, Step } from './rotation.ts';
import type { SecretReading, SecretStore } from './secret-store.ts';

/** A step that changes something. */
export type Action = Exclude<Step, { readonly kind: 'rest' }>;

/** Told of what is seen and done. None of these may throw. */
export type KeeperObserver = {
  readonly onConfigurations: (reading: ConfigurationsReading) => void;
  readonly onSecret: (reading: SecretReading) => void;
  /** A step was done, by this replica. */
  readonly onStep: (kind: Exclude<Action['kind'], 'bundle'>, state: AuthorityState) => void;
  readonly onBundle: (write: BundleWrite) => void;
};

/** What the writer writes with. */
export type WriterParts = {
  readonly secret: Pick<SecretStore, 'write'>;
  readonly configurations: Pick<Configurations, 'write'>;
  readonly makeAuthority: (options: AuthorityOptions) => Promise<Signer>;
  readonly settings: RotationSettings;
  readonly nowMs: () => number;
  readonly observer: KeeperObserver;
};

/** What a step is based on. */
export type StepBasis = {
  readonly reading: SecretReading;
  readonly found: readonly Configuration[];
  /** Of what this replica serves, which may be all that is left of an authority whose Secret is gone. */
  readonly ownAuthority: Authority | undefined;
};

/** Does the step; where somebody else was faster nothing is done, and nothing is wrong. Rejects with a {@link Fault}. */
export async function applyStep(step: Action, basis: StepBasis, parts: WriterParts): Promise<void> {
  if (step.kind === 'bundle') {
    const change = { wanted: step.wanted, unwanted: step.unwanted, nowMs: parts.nowMs() };
    const writes = await orFault('write_configuration', parts.configurations.write(basis.found, change));
    for (const write of writes) parts.observer.onBundle(write);
    if (!writes.some(({ isWritten }) => isWritten)) {
      throw new Fault('write_configuration', 'the configurations have changed since they were read');
    }
    return;
  }
  const state = await stateAfter(step, basis, parts);
  const isWritten = await orFault('write_secret', parts.secret.write(state, basis.reading));
  if (!isWritten) throw new Fault('write_secret', 'the Secret has changed since it was read');
  parts.observer.onStep(step.kind, state);
}

async function stateAfter(
  step: Exclude<Action, { readonly kind: 'bundle' }>,
  { reading: { state }, ownAuthority }: StepBasis,
  { makeAuthority, settings, nowMs }: WriterParts,
): Promise<AuthorityState> {
  const make = () => makeAuthority({ nowMs: nowMs(), lifetimeMs: settings.authorityLifetimeMs });
  switch (step.kind) {
    case 'create': {
      const made = await make();
      const none = { signer: undefined, next: undefined, old: undefined, switchedAtMs: undefined };
      if (step.as === 'signer') return { ...none, signer: made };
      // Whose leaves are served stays known, so that it is dropped in time, and not only when it ends.
      return { ...none, next: made, old: alive(state.old, nowMs()) ?? ownAuthority };
    }
    case 'introduce':
      return { ...state, next: await make() };
    case 'repair':
      return repaired(state, nowMs());
    case 'retire':
      return { ...state, old: undefined, switchedAtMs: undefined };
    case 'switch': {
      const old = withoutKey(state.signer) ?? state.old;
      return { signer: state.next, next: undefined, old, switchedAtMs: old === undefined ? undefined : nowMs() };
    }
  }
}

/** What can be used, and is still valid. The time of a switch that nobody knows is now: later than it was, and safe. */
function repaired(state: AuthorityState, nowMs: number): AuthorityState {
  const old = alive(state.old, nowMs);
  const next = alive(state.next, nowMs);
  const isOldInUse = old !== undefined && next === undefined;
  return {
    signer: alive(state.signer, nowMs),
    next,
    old,
    switchedAtMs: isOldInUse ? (state.switchedAtMs ?? nowMs) : undefined,
  };
}

function alive<Known extends Authority>(known: Known | undefined, nowMs: number): Known | undefined {
  return known !== undefined && known.notAfterMs > nowMs ? known : undefined;
}

function withoutKey(signer: Signer | undefined): Authority | undefined {
  if (signer === undefined) return undefined;
  const { key: _key, ...authority } = signer;
  return authority;
}
