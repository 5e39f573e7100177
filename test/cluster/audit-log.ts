/** The API server's audit log: what it is told to write, and how a test reads it. */
import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';

/** The fields of an audit.k8s.io/v1 Event at level Metadata that the tests read. */
export type AuditEvent = {
  readonly auditID: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    /** Absent for the core group. */
    readonly apiGroup?: string;
    readonly namespace?: string;
    /** Absent in the creation of an object with generateName, as every controller's pods are. */
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number };
  /** Keys are `<webhook name>/<key>` for a webhook's own, `mutation.webhook.admission.k8s.io/…` for the API server's. */
  readonly annotations?: Readonly<Record<string, string>>;
};

/** Writes on pods and service accounts are what admission webhooks and policies see; all else would be noise. */
const writes = {
  level: 'Metadata',
  verbs: ['create', 'update', 'patch', 'delete'],
  resources: [{ group: '', resources: ['pods', 'pods/*', 'serviceaccounts'] }],
};

/** Returns the audit policy as YAML for `--audit-policy-file`: those writes, and all that these users ask for. */
export function auditPolicy(users: readonly string[] = []): string {
  const everything = users.length === 0 ? [] : [{ level: 'Metadata', users }];
  return stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [...everything, writes, { level: 'None' }],
  });
}

/**
 * Returns every whole event of the log, oldest first. The API server writes an event when the request is over, which may be
 * just after the client has its answer: tests poll for the event they want.
 */
export async function readAuditEvents(file: string): Promise<AuditEvent[]> {
  const text = await readFile(file, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map(parseAuditEvent);
}

function parseAuditEvent(line: string): AuditEvent {
  const event: unknown = JSON.parse(line);
  if (!isAuditEvent(event))
    throw new Error(`Expected an audit event with auditID and verb, got: ${line.slice(0, 200)}`);
  return event;
}

function isAuditEvent(event: unknown): event is AuditEvent {
  return typeof event === 'object' && event !== null && 'auditID' in event && 'verb' in event;
}
