// The AWS config by which an SDK goes on from a pod's role to another one.
import type { TargetRole } from '../identity/target-role.ts';

/** Name of the file beside the token, in the same volume. */
export const awsConfigFile = 'config';
/** The profile that AWS_PROFILE names. Not `default`, which an image's own files may hold, too. */
export const awsConfigProfile = 'irsa-webhook';
/** Name, behind the prefix, of the annotation that holds the text; the downward API makes a file of it. */
export const awsConfigAnnotation = 'aws-config';

/** Two roles, one behind the other. */
export type RoleChain = { readonly roleArn: string; readonly target: TargetRole };

/** What the text depends on besides the roles. */
export type AwsConfigPlace = {
  /** As a process in the container finds it. */
  readonly tokenFile: string;
  readonly roleSessionName: string | undefined;
};

/**
 * Returns the text: a profile that assumes the target with the credentials of another profile, which is the pod's own web
 * identity. All that goes into it was held to a form without line breaks before.
 */
export function awsConfigText({ roleArn, target }: RoleChain, { tokenFile, roleSessionName }: AwsConfigPlace): string {
  const session = roleSessionName === undefined ? [] : [`role_session_name = ${roleSessionName}`];
  return [
    `[profile ${awsConfigProfile}]`,
    `role_arn = ${target.roleArn}`,
    `source_profile = ${awsConfigProfile}-source`,
    ...(target.externalId === undefined ? [] : [`external_id = ${target.externalId}`]),
    ...session,
    `[profile ${awsConfigProfile}-source]`,
    `role_arn = ${roleArn}`,
    `web_identity_token_file = ${tokenFile}`,
    ...session,
    '',
  ].join('\n');
}
