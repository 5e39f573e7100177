/** Registers webhooks with the API server, by URL or by Service, for the pods of one namespace. */
import type { Cluster } from './cluster.ts';
import { waitFor } from './wait-for.ts';

/** How the API server finds a webhook. */
export type Route = 'url' | 'service';

/** What is registered. */
export type Registration = {
  /** Among configurations the API server calls in the order of their names. */
  readonly name: string;
  /** The namespace whose pods are sent. */
  readonly namespace: string;
  /** Labels of the namespaces whose pods are sent, in place of that one. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly route: Route;
  readonly port: number;
  readonly caBundle: string;
  readonly reviewVersions?: readonly string[];
  /** Whether containers that are added to running pods are sent, too. */
  readonly ephemeralContainers?: boolean;
};

/** The Service by which the API server calls a webhook in `namespace`; the certificate must hold `<it>.<namespace>.svc`. */
export const webhookService = 'irsa-webhook';

const enforcedTimeoutMs = 30_000;

/** Returns the names that the API server checks in the certificate of a webhook, besides the webhook host. */
export function serviceHosts(namespace: string): string[] {
  return [`${webhookService}.${namespace}.svc`];
}

/** Registers the webhook with failurePolicy Fail and returns the path of its configuration. */
export async function register(cluster: Cluster, registration: Registration): Promise<string> {
  const { name, namespace, caBundle, reviewVersions = ['v1', 'v1beta1'] } = registration;
  const { namespaceLabels = { 'kubernetes.io/metadata.name': namespace } } = registration;
  const collection = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `${name}-${namespace}` },
    webhooks: [
      {
        name: `${name}.irsa-webhook.io`,
        clientConfig: { caBundle, ...(await target(cluster, registration)) },
        rules: [
          rule('CREATE', 'pods'),
          ...(registration.ephemeralContainers === true ? [rule('UPDATE', 'pods/ephemeralcontainers')] : []),
        ],
        namespaceSelector: { matchLabels: namespaceLabels },
        failurePolicy: 'Fail',
        reinvocationPolicy: 'IfNeeded',
        sideEffects: 'None',
        timeoutSeconds: 5,
        admissionReviewVersions: reviewVersions,
      },
    ],
  };
  const created = await cluster.create(collection, configuration);
  return `${collection}/${created.metadata.name}`;
}

function rule(operation: string, resource: string): object {
  return { apiGroups: [''], apiVersions: ['v1'], operations: [operation], resources: [resource], scope: '*' };
}

/** Waits until a dry-run pod shows that the API server calls the webhook: its configuration reaches it by a watch. */
export async function waitUntilEnforced(
  cluster: Cluster,
  namespace: string,
  isMutated: (pod: object) => boolean,
  pod: object,
): Promise<void> {
  const probe = async (): Promise<true | undefined> => {
    const { status, body } = await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
    return status === 201 && typeof body === 'object' && body !== null && isMutated(body) ? true : undefined;
  };
  await waitFor(`the API server to call the webhook for pods in ${namespace}`, probe, enforcedTimeoutMs);
}

async function target(cluster: Cluster, registration: Registration): Promise<object> {
  const { route, namespace, port } = registration;
  if (route === 'url') return { url: `https://${cluster.webhookHost}:${String(port)}/mutate` };
  const services = `/api/v1/namespaces/${namespace}/services`;
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  if (isLoopback(cluster.webhookHost)) {
    // The API server is on this machine and dials the external name of a Service itself, at the port of the webhook.
    const spec = { type: 'ExternalName', externalName: 'localhost', ports };
    await cluster.create(services, { metadata: { name: webhookService }, spec });
  } else {
    await cluster.create(services, { metadata: { name: webhookService }, spec: { ports } });
    await cluster.create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      metadata: { name: webhookService, labels: { 'kubernetes.io/service-name': webhookService } },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [cluster.webhookHost], conditions: { ready: true } }],
    });
  }
  return { service: { name: webhookService, namespace, path: '/mutate', port } };
}

/** No EndpointSlice may hold such an address; only an API server on this machine can use it at all. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
