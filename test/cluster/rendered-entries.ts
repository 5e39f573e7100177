/** Registers the chart's own MutatingWebhookConfiguration, for a server on this machine. */
import type { Cluster } from './cluster.ts';
import type { KubernetesObject } from './objects.ts';

const collection = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

type Configuration = KubernetesObject & { readonly webhooks: readonly { readonly name: string }[] };

/** Where the entries are sent. */
export type EntryTarget = {
  readonly port: number;
  readonly caBundle: string;
  /** Returns the path of an entry. */
  readonly pathOf: (entry: string) => string;
};

/** Creates the configuration as it was rendered, but for how the webhook is reached; returns its path. */
export async function registerEntries(
  cluster: Cluster,
  configuration: Configuration,
  { port, caBundle, pathOf }: EntryTarget,
): Promise<string> {
  const origin = `https://${cluster.webhookHost}:${String(port)}`;
  const webhooks = configuration.webhooks.map((entry) => ({
    ...entry,
    clientConfig: { url: `${origin}${pathOf(entry.name)}`, caBundle },
  }));
  const { metadata } = await cluster.create(collection, { ...configuration, webhooks });
  return `${collection}/${metadata.name}`;
}
