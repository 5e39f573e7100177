// An STS on loopback: notes what it is asked, and answers each question with credentials that tell the role.
import type { Scope } from '../kubernetes/scope.ts';
import { startLoopbackServer } from './loopback-server.ts';

/** One call as STS sees it; what a call does not have is undefined. */
export type StsCall = {
  readonly action: string;
  readonly roleArn: string;
  readonly webIdentityToken: string | undefined;
  readonly roleSessionName: string | undefined;
  readonly externalId: string | undefined;
  /** The access key that the call is signed with. */
  readonly signedBy: string | undefined;
};

export type LoopbackSts = { readonly url: string; readonly calls: readonly StsCall[] };

/** The access key that comes with a role's credentials. */
export function accessKeyOf(roleArn: string): string {
  return `KEY-OF-${roleArn.replace(/.*\//, '').toUpperCase()}`;
}

/** Starts it; the scope ends it. Credentials of a lifetime below zero have expired when they come. */
export async function startLoopbackSts(scope: Scope, lifetimeMs = 3_600_000): Promise<LoopbackSts> {
  const calls: StsCall[] = [];
  const url = await startLoopbackServer(scope, (request, response, body) => {
    const form = new URLSearchParams(body);
    const action = form.get('Action') ?? '';
    const roleArn = form.get('RoleArn') ?? '';
    calls.push({
      action,
      roleArn,
      webIdentityToken: form.get('WebIdentityToken') ?? undefined,
      roleSessionName: form.get('RoleSessionName') ?? undefined,
      externalId: form.get('ExternalId') ?? undefined,
      signedBy: /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1],
    });
    response.setHeader('Content-Type', 'text/xml');
    response.end(answerOf(action, roleArn, new Date(Date.now() + lifetimeMs)));
  });
  return { url, calls };
}

function answerOf(action: string, roleArn: string, expiration: Date): string {
  return [
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>`,
    `<Credentials><AccessKeyId>${accessKeyOf(roleArn)}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>`,
    `<SessionToken>session</SessionToken><Expiration>${expiration.toISOString()}</Expiration></Credentials>`,
    `<AssumedRoleUser><Arn>${roleArn}/session</Arn><AssumedRoleId>AROA:session</AssumedRoleId></AssumedRoleUser>`,
    `</${action}Result></${action}Response>`,
  ].join('');
}
