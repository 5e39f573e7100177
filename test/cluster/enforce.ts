/** Has the API server call a webhook for the pods of a namespace. */
import { cluster } from './hooks.ts';
import { isInjected, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitUntilReady, type WebhookProcess } from './webhook-process.ts';

/** Registers a webhook by URL once it is ready; returns when a pod of the namespace's account `with-role` gets its role. */
export async function enforce(webhook: WebhookProcess, namespace: string): Promise<void> {
  await waitUntilReady(webhook);
  const { port, caBundle } = webhook;
  await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle });
  await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
}
