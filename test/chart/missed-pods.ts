// The policy that notices a pod which was admitted without the role that its account names.
import { annotationNames } from '../../src/identity/annotations.ts';
import { variableStart } from '../../src/injection/env-from.ts';
import { annotationOf, keyOf, namesRole, optsOut } from './annotation-conditions.ts';
import { lines, list, text } from './cel.ts';
import { isList, namesIn, withLineFeeds } from './container-list.ts';
import { chainVariables, commonVariables } from './credential-variables.ts';

/** The chart puts `true` or `false` in its place, as the flag --respect-env-from has it. */
const respectsEnvFrom = 'RESPECT_ENV_FROM';
/** Likewise, as --watch-namespaces has it. */
const watchesNamespaces = 'WATCH_NAMESPACES';

const { includeContainers, roleArn, skipContainers, skipPodIdentityWebhook, targetRoleArn } = annotationNames;

/** Returns what belongs into the spec. `params` is an account of the pod's namespace; each is held against the pod. */
export function missedPods(): object {
  return {
    matchConditions: [{ name: 'account-names-a-role', expression: concernsPod() }],
    variables: [
      { name: 'skipped', expression: skippedContainers() },
      { name: 'included', expression: includeLists() },
      { name: 'credentials', expression: credentialVariables() },
      { name: 'missed', expression: missedContainers() },
    ],
    validations: [
      {
        expression: 'size(variables.missed) == 0',
        messageExpression: lines(
          `'service account ' + params.metadata.name + ' names an IAM role, but container ' +`,
          `variables.missed[0] + ' was admitted without it'`,
        ),
      },
    ],
    auditAnnotations: [
      {
        key: 'missed',
        valueExpression: lines(
          `size(variables.missed) == 0 ? '' :`,
          `params.metadata.name + ' ' + variables.missed.join(',') + ' ' + params.metadata.annotations[${keyOf(roleArn)}]`,
        ),
      },
    ],
  };
}

/** A mirror pod names no account, and is nobody's. */
function concernsPod(): string {
  return lines(
    `params.metadata.name == object.spec.?serviceAccountName.orValue('') &&`,
    `${namesRole('params')} &&`,
    `!(${keyOf(skipPodIdentityWebhook)} in object.metadata.?labels.orValue({})) &&`,
    `!(${optsOut('object')})`,
  );
}

function skippedContainers(): string {
  return lines(
    `[${annotationOf('object', skipContainers)}.orValue('')]`,
    `  .map(names, ${withLineFeeds('names')})`,
    `  .map(names, ${namesIn('names')})[0]`,
  );
}

/** The lists of names there are, the one that counts first: the pod's is stronger than the account's; one that is malformed is passed over. */
function includeLists(): string {
  const [ofPod, ofAccount] = ['object', 'params'].map((owner) => `?${annotationOf(owner, includeContainers)}`);
  return lines(
    `[${ofPod ?? ''}, ${ofAccount ?? ''}]`,
    `  .map(names, ${withLineFeeds('names')})`,
    `  .filter(names, ${isList('names')})`,
    `  .map(names, ${namesIn('names')})`,
  );
}

function credentialVariables(): string {
  const chain = `${keyOf(targetRoleArn)} in params.metadata.annotations ? ${list(chainVariables())} : []`;
  return lines(`${list(commonVariables())} +`, `(${chain})`);
}

function missedContainers(): string {
  const prefix = `s.?prefix.orValue('')`;
  const mayHoldOurs = `${text(variableStart)}.startsWith(${prefix}) || ${prefix}.startsWith(${text(variableStart)})`;
  return lines(
    `${watchesNamespaces} && (${optsOut('namespaceObject')}) ? [] :`,
    `(object.spec.?initContainers.orValue([]) + object.spec.containers)`,
    `  .filter(c, !c.?env.orValue([]).exists(e, e.name in variables.credentials))`,
    `  .filter(c, !(c.name in variables.skipped))`,
    `  .filter(c, size(variables.included) == 0 || c.name in variables.included[0])`,
    `  .filter(c, !(${respectsEnvFrom} && c.?envFrom.orValue([]).exists(s, has(s.configMapRef) && (${mayHoldOurs}))))`,
    `  .map(c, c.name)`,
  );
}
