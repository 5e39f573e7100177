// The role that a pod goes on to from its own: role chaining, into another account perhaps.
import type { AnnotationReader } from './annotation-reader.ts';
import { annotationNames } from './annotations.ts';
import { isRoleArn } from './role-arn.ts';

/** A role that is assumed with the credentials of another one. */
export type TargetRole = { readonly roleArn: string; readonly externalId: string | undefined };

/** Longest ARN (IAM API, arnType). */
const maxArnLength = 2048;
/** What STS takes as an external ID (STS API, AssumeRole, ExternalId). */
const externalIdForm = /^[\w+=,.@:/-]{2,1224}$/;

/**
 * Returns the target that the annotations name, or undefined, with a warning where they name it wrongly. Unlike a role of
 * its own, nothing here is given as it is: it goes into a file of lines, where a line break would be a setting of the
 * writer's choice. A wrong external ID spoils the whole: without it STS would say no, or yes to the wrong caller.
 */
export function readTargetRole(
  { read, warn }: AnnotationReader,
  ownRoleArn: string | undefined,
): TargetRole | undefined {
  const roleArn = read(annotationNames.targetRoleArn);
  const externalId = read(annotationNames.targetExternalId);
  const reject = (name: string, found: string, problem: string): undefined => {
    warn(name, found, problem, 'no other role is assumed');
  };
  if (roleArn === undefined) {
    if (externalId === undefined) return undefined;
    return reject(annotationNames.targetExternalId, externalId, `needs ${annotationNames.targetRoleArn}`);
  }
  if (!isRoleArn(roleArn) || roleArn.length > maxArnLength) {
    return reject(annotationNames.targetRoleArn, roleArn, 'is not the ARN of a role');
  }
  if (ownRoleArn === undefined || !isRoleArn(ownRoleArn) || ownRoleArn.length > maxArnLength) {
    return reject(annotationNames.targetRoleArn, roleArn, `needs the ARN of a role in ${annotationNames.roleArn}`);
  }
  if (externalId !== undefined && !externalIdForm.test(externalId)) {
    return reject(annotationNames.targetExternalId, externalId, 'is not an external ID');
  }
  return { roleArn, externalId };
}
