/** The injected volume holds a token that AWS can check: asked for as the kubelet would, and verified as AWS does. */
import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { isInjected, type Pod, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { createWebhookAccount, startWebhook, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

type Claims = {
  readonly iss: string;
  readonly aud: readonly string[];
  readonly sub: string;
  readonly exp: number;
  readonly iat: number;
  readonly 'kubernetes.io': { readonly pod: { readonly name: string; readonly uid: string } };
};

type TokenSource = { readonly audience: string; readonly expirationSeconds: number; readonly path: string };

type KeySet = { readonly keys: readonly (JsonWebKeyInput['key'] & { kid: string })[] };

/** The source of the first volume, as the kubelet reads it to ask for a token. */
function tokenSourceOf(pod: Pod): TokenSource {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the test expects; a missing field fails it
  const volume = pod.spec.volumes[0] as unknown as {
    projected: { sources: [{ serviceAccountToken: TokenSource }] };
  };
  return volume.projected.sources[0].serviceAccountToken;
}

function decode(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
}

/** Returns the claims of a token whose signature verifies against the keys that the cluster publishes (OIDC discovery). */
async function verifiedClaims(token: string): Promise<Claims> {
  const [head, body, signature] = token.split('.');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a JWT has these two, or the test fails
  const { kid, alg } = decode(head) as { kid: string; alg: string };
  const { keys } = await cluster().get<KeySet>('/openid/v1/jwks', { headers: { accept: 'application/jwk-set+json' } });
  const key = keys.find((candidate) => candidate.kid === kid);
  assert.ok(key, `expected the key ${kid} among those that the cluster publishes`);
  const publicKey = createPublicKey({ key, format: 'jwk' });
  const verifier = alg.startsWith('ES') ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey;
  const signed = Buffer.from(`${head ?? ''}.${body ?? ''}`);
  assert.ok(verify('sha256', signed, verifier, Buffer.from(signature ?? '', 'base64url')), 'the signature verifies');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the test expects; a missing field fails it
  return decode(body) as Claims;
}

describe('the token of an injected volume', () => {
  let namespace: string;
  let webhook: WebhookProcess;

  before(async () => {
    namespace = await cluster().createNamespace();
    await createAccount(namespace, 'default-token', { 'role-arn': roleArn });
    await createAccount(namespace, 'own-token', {
      'role-arn': roleArn,
      audience: 'openshift',
      'token-expiration': '3600',
    });
    webhook = await startWebhook(cluster(), { account: await createWebhookAccount(cluster(), namespace), hosts: [] });
    await waitUntilReady(webhook);
    const { port, caBundle } = webhook;
    await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle });
    await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('default-token'));
  });

  after(async () => webhook.stop());

  for (const { account, audience, expirationSeconds } of [
    { account: 'default-token', audience: 'sts.amazonaws.com', expirationSeconds: 86_400 },
    { account: 'own-token', audience: 'openshift', expirationSeconds: 3_600 },
  ]) {
    it(`is issued to the pod, for the audience and time of account ${account}`, async () => {
      const pod = await cluster().create<Pod>(`/api/v1/namespaces/${namespace}/pods`, podManifest(account));
      const source = tokenSourceOf(pod);
      assert.deepEqual(source, { audience, expirationSeconds, path: 'token' });

      const { name, uid } = pod.metadata;
      const token = await cluster().tokenFor(namespace, account, {
        audiences: [source.audience],
        expirationSeconds: source.expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      });
      const claims = await verifiedClaims(token);
      const { issuer } = await cluster().get<{ issuer: string }>('/.well-known/openid-configuration');
      assert.equal(claims.iss, issuer);
      assert.deepEqual(claims.aud, [audience]);
      assert.equal(claims.sub, `system:serviceaccount:${namespace}:${account}`);
      assert.equal(claims.exp - claims.iat, expirationSeconds);
      assert.deepEqual(claims['kubernetes.io'].pod, { name, uid });
    });
  }
});
