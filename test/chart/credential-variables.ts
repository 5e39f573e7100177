// The variables by which a container has credentials: ours, or those for which the webhook leaves it alone.
import type { ContainerCredentials, Identity } from '../../src/identity/identity.ts';
import { grantOf } from '../../src/injection/grant.ts';
import { settings } from '../admission/reviews.ts';

const preferences = { regionalSts: false, tokenExpirationSeconds: 86_400, warnings: [] };
const roleArn = 'arn:aws:iam::111122223333:role/app';
const identity: Identity = { kind: 'identity', roleArn, audience: 'sts.amazonaws.com', ...preferences };

/** Returns the names for pods of any account; which accounts get container credentials no policy can read. */
export function commonVariables(): readonly string[] {
  return [...variablesOf(identity), ...variablesOf({ kind: 'container_credentials', ...preferences })];
}

/** Returns the names that count besides where the account goes on to a second role. */
export function chainVariables(): readonly string[] {
  const names = variablesOf({ ...identity, target: { roleArn, externalId: undefined } });
  return names.filter((name) => !commonVariables().includes(name));
}

function variablesOf(promise: Identity | ContainerCredentials): readonly string[] {
  const { pair } = grantOf(promise, settings);
  return pair === undefined ? [] : [pair.name, pair.fileVariable, ...pair.conflicting];
}
