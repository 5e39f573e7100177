// Makes the ARN of a role out of its name or path, for `--compose-role-arn`, and finds the partition of a region.

/** Where roles are that are named without an ARN. */
export type RoleOwner = {
  /** 12 digits. */
  readonly accountId: string;
  /** Such as `aws` or `aws-cn`. */
  readonly partition: string;
};

/** Returns whether the text names a role without being an ARN: there is no `arn:` in it, and it is not blank. */
export function isRoleName(text: string): boolean {
  return !text.includes('arn:') && text.trim() !== '';
}

/**
 * Returns the ARN of the role that a text names: `app` or `team/app` becomes `arn:aws:iam::111122223333:role/team/app`.
 * A text with `arn:` anywhere in it stays as it is (the Go webhook's rule, pkg/cache/cache.go, addSA).
 *
 * Slashes in front are dropped: IAM writes a path as `/team/`, and in an ARN just one slash stands before it; with two, as
 * the Go webhook makes it, STS refuses the role. A blank text, or one of slashes only, names no role and stays as it is,
 * so that whoever reads it next says so.
 */
export function composeRoleArn(text: string, { accountId, partition }: RoleOwner): string {
  if (text.includes('arn:')) return text;
  const pathAndName = text.replace(/^\/+/, '');
  return pathAndName.trim() === '' ? text : `arn:${partition}:iam::${accountId}:role/${pathAndName}`;
}

/** Partitions other than `aws`, by what the names of their regions begin with (AWS SDKs' partitions.json). */
const partitions = [
  ['cn-', 'aws-cn'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
] as const;

/** Returns the partition that a region is in: `aws` for every region whose name says nothing else. */
export function partitionOfRegion(region: string): string {
  return partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}

/** Returns whether the text is the ID of an AWS account: 12 digits, leading zeros included. */
export function isAccountId(text: string): boolean {
  return /^\d{12}$/.test(text);
}

/**
 * Returns whether the text has the form of a partition's name: `aws`, alone or with words in lower case after hyphens.
 * Partitions that are yet to come count, too.
 */
export function isPartition(text: string): boolean {
  return /^aws(?:-[a-z0-9]+)*$/.test(text);
}
