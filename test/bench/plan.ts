// What is measured, how often and for how long.
import type { ReviewKind } from './orders.ts';

/** A run of the benchmark. */
export type Plan = {
  readonly isQuick: boolean;
  /** Containers of a pod; {@link mainContainers} among them. */
  readonly containers: readonly number[];
  /** Numbers of accounts, in ascending order. */
  readonly accounts: readonly number[];
  readonly rounds: number;
  /**
   * Of the series to which budgets apply, in their turn: many and short, since on a machine with other work the ratio of one
   * round to another moves by a fifth either way, and a median of few with it.
   */
  readonly budgetRounds: number;
  readonly budgetSeconds: number;
  /** Of each way through each server, before anything is measured: V8 goes on optimizing until some 60,000 in all. */
  readonly warmUpReviews: number;
  /** Of each series in each round, with as many reviews as are answered. */
  readonly saturationSeconds: number;
  /** The same at {@link Plan.reviewsPerSecond}: long enough that a single pause does not decide the 99th percentile. */
  readonly pacedSeconds: number;
  readonly reviewsPerSecond: number;
  /** Of the webhook, for each number of accounts. */
  readonly starts: number;
};

/** Series of the webhook that have one floor: their reviews are of one size, and so are their answers. */
export type Group = { readonly floor: ReviewKind; readonly webhook: readonly ReviewKind[] };

/** A pod of two containers is a review of 7 KB, to which the budgets apply. */
export const mainContainers = 2;

/** Reviews under way at saturation. */
export const saturationConnections = 8;

/** At a rate of 1,000 a second: so many that a pause of 32 ms finds one free for each review. */
export const pacedConnections = 32;

/** Some twenty minutes. */
export const fullPlan: Plan = {
  isQuick: false,
  containers: [1, mainContainers, 4, 10],
  accounts: [100, 10_000, 100_000],
  rounds: 6,
  budgetRounds: 40,
  budgetSeconds: 0.5,
  warmUpReviews: 30_000,
  saturationSeconds: 1,
  pacedSeconds: 6,
  reviewsPerSecond: 1_000,
  starts: 5,
};

/** About a minute, for a look; its figures are rough. */
export const quickPlan: Plan = {
  isQuick: true,
  containers: [mainContainers],
  accounts: [100, 100_000],
  rounds: 2,
  budgetRounds: 8,
  budgetSeconds: 0.5,
  warmUpReviews: 4_000,
  saturationSeconds: 1,
  pacedSeconds: 2,
  reviewsPerSecond: 1_000,
  starts: 1,
};

/** Returns what is measured with as many reviews as are answered. */
export function saturationGroups(plan: Pick<Plan, 'containers' | 'accounts'>): Group[] {
  const few = plan.accounts.slice(0, 1);
  return plan.containers.flatMap((containers) => {
    const counts = containers === mainContainers ? plan.accounts : few;
    // That a pod is opted out is seen before its account is looked at.
    const optedOut = kindsOf({ containers, outcome: 'opted_out_by_pod' }, few);
    const bare = kindsOf({ containers, outcome: 'no_role_annotation' }, counts);
    return [
      groupOf(kindsOf({ containers, outcome: 'injected' }, counts)),
      // Those of the bare ones are as short.
      groupOf([...optedOut, ...bare]),
    ];
  });
}

/** Returns what the budgets apply to, each behind its floor. */
export function budgetGroups({ accounts }: Pick<Plan, 'accounts'>): Group[] {
  const few = accounts.slice(0, 1);
  const outcomes = ['injected', 'opted_out_by_pod', 'no_role_annotation'] as const;
  return outcomes.map((outcome) => groupOf(kindsOf({ containers: mainContainers, outcome }, few)));
}

/** Returns what is measured at a rate. */
export function pacedGroups({ accounts }: Pick<Plan, 'accounts'>): Group[] {
  const containers = mainContainers;
  return [
    groupOf(kindsOf({ containers, outcome: 'injected' }, accounts)),
    groupOf(kindsOf({ containers, outcome: 'no_role_annotation' }, accounts)),
  ];
}

function groupOf(kinds: readonly ReviewKind[]): Group {
  const [first] = kinds;
  if (first === undefined) throw new Error('expected a number of accounts');
  return { floor: first, webhook: kinds };
}

function kindsOf(kind: Omit<ReviewKind, 'accounts'>, counts: readonly number[]): ReviewKind[] {
  return counts.map((accounts) => ({ ...kind, accounts }));
}
