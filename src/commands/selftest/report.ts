// Writes what was checked, and what was found, for a person at a terminal.
import type { Identity } from '../../identity/identity.ts';
import { printable } from '../../identity/warning.ts';
import type { ContainerCheck, PodCheck } from './check.ts';
import { SelftestError } from './error.ts';
import type { IdentityTraces } from './traces.ts';

/** A pod that came back, and how it stands. */
export type JudgedPod = {
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly identity: Identity;
  readonly check: PodCheck;
  /** What the API server sent along. */
  readonly warnings: readonly string[];
};

const maxValueLength = 300;

/** Returns two aligned columns. */
export function formatReport({ namespace, serviceAccountName, identity, check, warnings }: JudgedPod): string {
  const { containers, result, traces } = check;
  const { role, token, tokenFile } = traces;
  const rows: (readonly [name: string, value: string])[] = [
    ['service account', `${namespace}/${serviceAccountName}`],
    ...rolesOf(identity).map((promised) => ['its role', promised] as const),
    ['role in the pod', role ?? (result === 'injected' ? 'in its AWS config' : 'none')],
    ['audience', token?.audience ?? `none; ${identity.audience} was expected`],
    ['expiration', token?.expirationSeconds === undefined ? 'none' : `${String(token.expirationSeconds)} s`],
    ['token', tokenFile === undefined ? 'none' : `${tokenFile}${token ? ` (volume ${token.volume})` : ''}`],
    ...containers.map((container) => ['container', describeContainer(container)] as const),
    ...(warnings.length === 0 ? ['none'] : warnings).map((warning) => ['API warning', warning] as const),
    ['result', result === 'injected' ? 'injected' : 'not injected'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${name.padEnd(width)}${printable(value, maxValueLength)}\n`).join('');
}

/** Returns why a pod that came back is not as it should be, and what to do; undefined where it is. */
export function faultOf({ namespace, serviceAccountName, identity, check }: JudgedPod): SelftestError | undefined {
  const title = `the pod of ${namespace}/${serviceAccountName}`;
  if (check.result === 'injected') return undefined;
  if (check.result === 'untouched') {
    const message = `${title} came back without an AWS identity. Likely causes, the first ones first:\n${causes(namespace)}`;
    return new SelftestError('ERR_SELFTEST_NOT_INJECTED', message);
  }
  const faults = check.containers
    .filter(({ isSent, faults: found }) => isSent && found.length > 0)
    .map(({ name, faults: found }) => `  container ${printable(name, maxValueLength)}: ${found.join('; ')}`);
  const lines = [
    `${title} came back with something else than its account promises:`,
    ...faults,
    `  ${otherIdentity(identity, check.traces)}`,
  ];
  return new SelftestError('ERR_SELFTEST_OTHER_IDENTITY', lines.join('\n'));
}

function causes(namespace: string): string {
  return [
    `  1. The webhook is not registered for pods of namespace ${namespace}. Look at the rules, namespaceSelector and`,
    '     objectSelector: kubectl get mutatingwebhookconfigurations -o yaml. Is the namespace labelled to be left alone',
    `     (skip-pod-identity-webhook): kubectl get namespace ${namespace} --show-labels?`,
    '  2. It fails open: the API server cannot call it, and failurePolicy Ignore lets pods through. Look at its pods and its',
    '     Service, and at apiserver_admission_webhook_fail_open_count among the metrics of the API server.',
    '  3. The caBundle of its registration does not verify the certificate that it serves; the API server logs "x509".',
    '     docs/certificates.md has what to do.',
    '  4. It was called and saw no role: the field "outcome" of its log lines says why. Is --annotation-prefix the same?',
  ].join('\n');
}

function otherIdentity(identity: Identity, { token, role }: IdentityTraces): string {
  if (token !== undefined && token.audience !== identity.audience) {
    const audience = printable(token.audience, maxValueLength);
    return role === undefined
      ? `The token is for ${audience}: does EKS Pod Identity serve this account? Choose one with a role alone.`
      : `The token is for ${audience}, not for ${printable(identity.audience, maxValueLength)}: is --token-audience that of the webhook?`;
  }
  return 'Are the flags those of the webhook (--annotation-prefix, --aws-default-region, ...), and does another webhook inject as well?';
}

function describeContainer({ name, isSent, faults }: ContainerCheck): string {
  const state = faults.length === 0 ? 'injected' : faults.join('; ');
  return `${name}: ${state}${isSent ? '' : ' (added by another webhook)'}`;
}

function rolesOf({ roleArn, containerRoles, target }: Identity): string[] {
  const roles = roleArn === undefined ? [] : [target === undefined ? roleArn : `${roleArn}, then ${target.roleArn}`];
  return [...roles, ...[...(containerRoles ?? [])].map(([name, role]) => `${role} (container ${name})`)];
}
