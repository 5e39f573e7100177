// Finds the annotation of an account that was meant to name its role.
import { annotationNames } from './annotations.ts';
import type { JsonObject } from './json.ts';
import { fitWarning, quote } from './warning.ts';

/** What stands for a role in annotations that people write, letters only. */
const meantNames: ReadonlySet<string> = new Set([
  'role',
  'rolearn',
  'rolename',
  'iamrole',
  'iamrolearn',
  'awsrole',
  'awsrolearn',
]);
/** Longest name of an annotation (a DNS subdomain, a slash, 63 characters); no longer one is looked at. */
const maxNameLength = 317;

/**
 * Returns the warning about an annotation that looks like the role of an account which has none, such as `role_arn` or
 * `eks.amazonaws.com/role`; undefined where there is no such annotation. Names with another domain in front belong to
 * other programs (`iam.amazonaws.com/role` is kiam's), unless that domain is a slip of the prefix too.
 */
export function findRoleTypo(annotations: JsonObject | undefined, annotationPrefix: string): string | undefined {
  const right = `${annotationPrefix}/${annotationNames.roleArn}`;
  const found = Object.keys(annotations ?? {}).find((name) => name !== right && looksLikeRole(name, annotationPrefix));
  if (found === undefined) return undefined;
  return fitWarning((length) => `account annotation ${quote(found, length)} is not read; a role is given by ${right}`);
}

function looksLikeRole(name: string, annotationPrefix: string): boolean {
  if (name.length > maxNameLength) return false;
  const slash = name.lastIndexOf('/');
  return (
    meantNames.has(lettersOf(name.slice(slash + 1))) &&
    isPrefixSlip(name.slice(0, Math.max(slash, 0)), annotationPrefix)
  );
}

/** The prefix itself, none at all, or one that differs in case, in punctuation, or by AWS's other domain. */
function isPrefixSlip(prefix: string, annotationPrefix: string): boolean {
  if (prefix === '') return true;
  const letters = lettersOf(prefix);
  return letters === lettersOf(annotationPrefix) || letters === 'eksamazonawscom' || letters === 'eksawsamazoncom';
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z]/g, '');
}
