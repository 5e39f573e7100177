// Accounts followed at a fake API server, with a log that is kept.
import type { Answer } from '../../src/accounts/lookup.ts';
import { followAccounts } from '../../src/commands/follow-accounts.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import { asString } from '../../src/identity/json.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { createLog } from '../../src/observability/log.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { defaults, identity, noDeadline } from '../admission/reviews.ts';
import { type FakeWatchServer, startFakeWatchServer } from '../kubernetes/fake-watch-server.ts';
import { connectionTo } from '../kubernetes/reflected.ts';
import type { Scope } from '../kubernetes/scope.ts';
import { keepLogLines } from '../observability/log-lines.ts';

/** The message of the log line about a fault; the field `error` says which. */
export const faultMessage = 'following service accounts met a fault';

const bare = parseIdentity(undefined, defaults);

/** Accounts whose annotation `value`, where it is not empty, is their role. */
export async function startFollowed(scope: Scope, prepare: (server: FakeWatchServer) => void = () => undefined) {
  const server = await startFakeWatchServer(scope);
  prepare(server);
  const { destination, lines } = keepLogLines();
  const log = createLog({ verbosity: 0, destination });
  const metrics = createMetrics([], { processMetrics: false });
  const transport = createTransport(connectionTo(server.url), { version: '0' });
  let passedMs = 0;
  const listings: boolean[] = [];
  const live: { answer: Answer; reads: number } = { answer: identity, reads: 0 };
  const accounts = followAccounts({
    api: transport,
    annotationPrefix: 'eks.amazonaws.com',
    parse: (annotations) =>
      asString(annotations?.['value']) ? { ...identity, roleArn: asString(annotations?.['value']) ?? '' } : bare,
    read: () => {
      live.reads += 1;
      return Promise.resolve(live.answer);
    },
    mode: 'on',
    now: () => performance.now() + passedMs,
    wait: () => new Promise((resolve) => void setTimeout(resolve, 1)),
    log,
    metrics,
    onListing: (isListing) => {
      listings.push(isListing);
    },
  });
  scope.onEnd(async () => {
    await accounts.stop();
    transport.close();
  });
  const metricOf = async (series: string): Promise<string | undefined> => {
    const { body } = await metrics.render();
    return body
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1);
  };
  const roleOf = async (name: string): Promise<string> => {
    const answer = await accounts.lookup({ namespace: 'shop', name }, noDeadline);
    return answer.kind === 'identity' ? (answer.roleArn ?? '') : answer.kind;
  };
  /** Lets time pass on the clock of all this. */
  const passMs = (ms: number): void => {
    passedMs += ms;
  };
  return { server, accounts, lines, live, listings, metricOf, roleOf, passMs };
}
