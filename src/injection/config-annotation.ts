// Gives a pod the annotation that holds its AWS config.
import { asObject } from '../identity/json.ts';
import { awsConfigText } from './aws-config.ts';
import type { Grant } from './grant.ts';
import { addMetadata } from './metadata.ts';
import type { AddOperation } from './operations.ts';
import { fileIn } from './paths.ts';
import type { PodReading } from './pod-reading.ts';
import { sessionNameInConfig } from './role-session.ts';

/**
 * Returns the operations, none where no config is needed, or why there can be no config: no metadata to hold it, or another
 * text under that name, which the mounted file would then have.
 */
export function addConfigAnnotation(
  { pod, options, sessionOwner, windows }: PodReading,
  { chain, mountPath, tokenPath }: Grant,
): readonly AddOperation[] | 'malformed_pod' | 'token_conflict' {
  if (chain === undefined) return [];
  const { roleSessionName } = options;
  const text = awsConfigText(chain, {
    tokenFile: fileIn(mountPath, tokenPath, windows),
    roleSessionName: roleSessionName && sessionNameInConfig(roleSessionName, sessionOwner),
  });
  const present = asObject(asObject(pod['metadata'])?.['annotations'])?.[chain.annotation];
  if (present !== undefined) return isSameConfig(present, text) ? [] : 'token_conflict';
  return addMetadata(pod, { field: 'annotations', entries: { [chain.annotation]: text } }) ?? 'malformed_pod';
}

/** The session may have another name: a pod that is written without one, or from a copy, keeps that of its first call. */
function isSameConfig(present: unknown, text: string): boolean {
  return typeof present === 'string' && withoutSession(present) === withoutSession(text);
}

function withoutSession(text: string): string {
  return text.replace(/^role_session_name = [\w+=,.@-]{2,64}\n/gm, '');
}
