// Says what to do where the API server did not take the pod.
import { asString } from '../../identity/json.ts';
import { printable } from '../../identity/warning.ts';
import { parseApiObject } from '../../kubernetes/objects.ts';
import type { ApiResponse } from '../../kubernetes/transport.ts';
import { SelftestError } from './error.ts';

/** How long it makes sense to send the same pod again. */
export type Patience =
  /** It will not be taken. */
  | 'none'
  /** A role that was bound this moment takes a while to be known. */
  | 'short'
  /** It may well be taken once all replicas are there. */
  | 'long';

/** A fault, and whether it may pass. */
export type Refusal = { readonly error: SelftestError; readonly patience: Patience };

/** Longest text of the API server's that is shown: what a webhook that fails closed says, with its x509 reason. */
const maxMessageLength = 1000;

type Rule = {
  readonly status?: number;
  readonly message?: RegExp;
  readonly advice: string;
  readonly patience: Patience;
};

/** The first that fits counts. The words are the API server's (apiserver/pkg/admission, pod-security-admission, quota). */
const rules: readonly Rule[] = [
  {
    status: 403,
    message: /cannot create resource "pods"/,
    advice: 'give the account that runs the self-test the rights of manifests/rbac-selftest.yaml in that namespace',
    patience: 'short',
  },
  {
    status: 403,
    message: /violates PodSecurity/,
    advice:
      'another webhook may have changed the pod, which is a restricted one: choose another --namespace, or mend that',
    patience: 'none',
  },
  {
    status: 403,
    message: /exceeded quota|failed quota/,
    advice:
      'the quota of the namespace is used up: free 20m of CPU, 32Mi of memory and a pod, or choose another --namespace',
    patience: 'none',
  },
  {
    message: /failed calling webhook/,
    advice:
      'a webhook that fails closed could not be called. If it is this one: are its pods ready (kubectl get pods), and does ' +
      'its caBundle verify what they serve (docs/certificates.md)?',
    patience: 'long',
  },
  {
    message: /denied the request|denied request|ValidatingAdmissionPolicy/,
    advice: 'a policy of the cluster refuses it: name an --image that it allows, or choose another --namespace',
    patience: 'none',
  },
  { status: 404, advice: 'there is no such namespace: choose another --namespace', patience: 'none' },
  { status: 401, advice: 'the credentials are not taken: give --kubeconfig, or run it in a pod', patience: 'short' },
  { status: 429, advice: 'the API server is busy: try again later', patience: 'long' },
];

const otherwise: Rule = { advice: 'read what the API server says; choose another --namespace', patience: 'none' };
const serverFault: Rule = { advice: 'the API server cannot at the moment: try again later', patience: 'long' };

/** Returns the error for a pod that was not taken: the API server's message, and what to do. */
export function refusalOf({ status, body }: ApiResponse, title: string): Refusal {
  const told = asString(parseApiObject(body)?.['message']) ?? 'no message that could be read';
  const { advice, patience } =
    rules.find((rule) => (rule.status ?? status) === status && (rule.message?.test(told) ?? true)) ??
    (status >= 500 ? serverFault : otherwise);
  const message = `the API server did not take the ${title}. What to do: ${advice}.\n  It says ${String(status)}: ${printable(told, maxMessageLength)}`;
  return { error: new SelftestError('ERR_SELFTEST_REFUSED', message), patience };
}
