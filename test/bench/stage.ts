// Sets up the servers that take the load, and has each of them answer all that it will be asked.
import { Agent } from 'node:https';
import type { Target } from './measure.ts';
import { createOrders, prepareFloor, prepareSeries, type ReviewKind, type Series } from './orders.ts';
import type { Group } from './plan.ts';
import type { Cell } from './rounds.ts';
import { type Server, type Servers, untilReady, type Webhook } from './servers.ts';

/** A webhook, and where it has its accounts from. */
export type StagedWebhook = { readonly webhook: Webhook; readonly accounts: Server };

/** What is ready to be measured. */
export type Stage = {
  /** By the number of their accounts. */
  readonly webhooks: ReadonlyMap<number, StagedWebhook>;
  readonly floor: Server;
  /** Returns the cells of groups, each floor before those that are compared with it. */
  readonly cellsOf: (groups: readonly Group[]) => Cell[];
};

const reviewPath = '/mutate?timeout=10s';

/**
 * Starts a webhook for each number of accounts, and one floor. Rejects with a WrongAnswer where one of them does not
 * answer each review of the groups as it must.
 */
export async function createStage(
  groups: readonly Group[],
  servers: Servers,
  accountServers: ReadonlyMap<number, Server>,
): Promise<Stage> {
  const webhooks = await startWebhooks(servers, accountServers);
  const agent = new Agent({ keepAlive: true });
  const asked = { ca: servers.ca, agent };
  try {
    const kinds = new Map(
      groups.flatMap(({ floor, webhook }) => [floor, ...webhook].map((kind) => [keyOf(kind), kind])),
    );
    const targets = new Map<string, Target>();
    for (const [key, kind] of kinds) {
      const { webhook, accounts } = found(webhooks, kind.accounts);
      const series = await prepareSeries({ ...asked, port: webhook.port, path: reviewPath }, createOrders(kind));
      targets.set(key, { kind: 'webhook', server: webhook, accounts, series });
    }

    const floorKeys = [...new Set(groups.map(({ floor }) => keyOf(floor)))];
    const sources = floorKeys.map((key) => found(targets, key).series);
    const floor = await servers.startFloor(sources.map(sampleOf));
    const floors = new Map<string, Target>();
    for (const [position, source] of sources.entries()) {
      const series = await prepareFloor({ ...asked, port: floor.port, path: `/${position}` }, source);
      floors.set(floorKeys[position] ?? '', { kind: 'floor', server: floor, series });
    }
    return { webhooks, floor, cellsOf: (some) => some.flatMap((group) => cellsOf(group, targets, floors)) };
  } finally {
    agent.destroy();
  }
}

async function startWebhooks(
  servers: Servers,
  accountServers: ReadonlyMap<number, Server>,
): Promise<Map<number, StagedWebhook>> {
  const webhooks = new Map<number, StagedWebhook>();
  for (const [count, accounts] of accountServers) {
    const webhook = await servers.startWebhook(accounts);
    await untilReady(webhook);
    webhooks.set(count, { webhook, accounts });
  }
  return webhooks;
}

type Targets = ReadonlyMap<string, Target>;

function cellsOf(group: Group, targets: Targets, floors: Targets): Cell[] {
  const floor: Cell = { kind: group.floor, target: found(floors, keyOf(group.floor)), floor: undefined };
  return [floor, ...group.webhook.map((kind) => ({ kind, target: found(targets, keyOf(kind)), floor }))];
}

function keyOf({ containers, outcome, accounts }: ReviewKind): string {
  return `${containers} ${outcome} ${accounts}`;
}

function sampleOf({ answers }: Series): unknown {
  return JSON.parse(answers[0] ?? '') as unknown;
}

function found<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`expected an entry of ${String(key)}, got none`);
  return value;
}
