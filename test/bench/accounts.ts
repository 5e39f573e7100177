// Which service accounts there are in the benchmark, and which of them have a role.
import type { AccountRef } from '../../src/identity/account-ref.ts';

const namespaces = 1_000;

/** Every tenth account has a role. */
export const roleEvery = 10;

/** Returns the name and the namespace of an account, which are numbered from 0. */
export function accountOf(index: number): AccountRef {
  return { namespace: `team-${String(index % namespaces)}`, name: `workload-${String(index)}` };
}

/** Returns the role that an account has, if any. */
export function roleOf(index: number): string | undefined {
  if (index % roleEvery !== 0) return undefined;
  return `arn:aws:iam::111122223333:role/team/${accountOf(index).name}`;
}
