/** Plays cert-manager for the tests of the chart: what is asked for by Certificates is made, and caBundles are filled in. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Signer } from '../../../src/certificates/authority.ts';
import { makeAuthority, makeLeaf } from '../../../src/certificates/make.ts';
import type { Cluster } from '../cluster.ts';
import type { KubernetesObject, ObjectList } from '../objects.ts';
import { waitFor } from '../wait-for.ts';

const group = 'cert-manager.io';
const pollMs = 300;
const lifetimeMs = 3_600_000;
const servedTimeoutMs = 30_000;
const admission = '/apis/admissionregistration.k8s.io/v1';

/** While it runs. */
export type CertManager = { readonly faults: readonly unknown[]; readonly stop: () => Promise<void> };

type Certificate = KubernetesObject & {
  readonly spec: {
    readonly secretName: string;
    readonly isCA?: boolean;
    readonly dnsNames?: readonly string[];
    readonly issuerRef: { readonly name: string };
  };
};

type Issuer = KubernetesObject & {
  readonly spec: { readonly selfSigned?: object; readonly ca?: { readonly secretName: string } };
};

type Configuration = KubernetesObject & {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
};

/** Makes the two kinds that the chart uses known, and starts. */
export async function startCertManager(cluster: Cluster): Promise<CertManager> {
  for (const kind of ['Certificate', 'Issuer']) {
    await cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definitionOf(kind));
  }
  const areServed = async (): Promise<true | undefined> => {
    const answers = await Promise.all(
      ['certificates', 'issuers'].map(async (kind) => cluster.request('GET', `/apis/${group}/v1/${kind}`)),
    );
    return answers.every(({ status }) => status === 200) || undefined;
  };
  await waitFor('the kinds of cert-manager to be served', areServed, servedTimeoutMs);
  const faults: unknown[] = [];
  const ended = new AbortController();
  const signers = new Map<string, Signer>();
  /** The authority of each certificate, by `namespace/name`. */
  const authorities = new Map<string, string>();

  /** Returns undefined until the issuer has one: Helm makes a Certificate before its Issuer, and the authority may come last. */
  const signerOf = async (namespace: string, issuerName: string): Promise<Signer | undefined> => {
    const issuers = `/apis/${group}/v1/namespaces/${namespace}/issuers`;
    const { items } = await cluster.get<ObjectList<Issuer>>(issuers);
    const issuer = items.find(({ metadata }) => metadata.name === issuerName)?.spec;
    if (issuer?.selfSigned !== undefined) return makeAuthority({ nowMs: Date.now(), lifetimeMs });
    return signers.get(issuer?.ca?.secretName ?? '');
  };

  const issue = async (certificate: Certificate): Promise<void> => {
    const { namespace = '', name } = certificate.metadata;
    if (authorities.has(`${namespace}/${name}`)) return;
    const { secretName, isCA = false, dnsNames: names = [], issuerRef } = certificate.spec;
    const signer = await signerOf(namespace, issuerRef.name);
    if (signer === undefined) return;
    const nowMs = Date.now();
    if (isCA) signers.set(secretName, signer);
    const pair = isCA ? signer : (await makeLeaf({ signer, nowMs, lifetimeMs, names })).pair;
    const data = { 'tls.crt': pair.cert, 'tls.key': pair.key, 'ca.crt': signer.cert };
    await cluster.create(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: secretName },
      type: 'kubernetes.io/tls',
      stringData: data,
    });
    authorities.set(`${namespace}/${name}`, signer.cert);
  };

  const inject = async (kind: string): Promise<void> => {
    const collection = `${admission}/${kind}`;
    for (const { metadata, webhooks } of (await cluster.get<ObjectList<Configuration>>(collection)).items) {
      const authority = authorities.get(metadata.annotations?.[`${group}/inject-ca-from`] ?? '');
      if (authority === undefined) continue;
      const caBundle = Buffer.from(authority).toString('base64');
      if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) continue;
      const filled = webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } }));
      const { resourceVersion } = metadata;
      await cluster.request('PATCH', `${collection}/${metadata.name}`, {
        metadata: { resourceVersion },
        webhooks: filled,
      });
    }
  };

  const look = async (): Promise<void> => {
    const { items } = await cluster.get<ObjectList<Certificate>>(`/apis/${group}/v1/certificates`);
    for (const certificate of items) await issue(certificate);
    await inject('mutatingwebhookconfigurations');
    await inject('validatingwebhookconfigurations');
  };
  const looking = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await look().catch((fault: unknown) => faults.push(fault));
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();
  return {
    faults,
    async stop() {
      ended.abort();
      await looking;
    },
  };
}

function definitionOf(kind: string): object {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
