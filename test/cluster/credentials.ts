/** Makes the certificates and keys that one control plane lives by, and writes them to its folder. */
import { generateKeyPair } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { generate } from 'selfsigned';

/** A PEM certificate and its private key, as paths. */
export type KeyPairPaths = { readonly certificate: string; readonly key: string };

/** Paths of PEM files. */
export type Credentials = {
  readonly authorityCertificate: string;
  readonly apiServer: KeyPairPaths;
  readonly admin: KeyPairPaths;
  readonly controllerManager: KeyPairPaths;
  readonly serviceAccount: { readonly publicKey: string; readonly privateKey: string };
};

type Authority = { readonly cert: string; readonly key: string };

type Subject = { readonly commonName: string; readonly organization?: string };

/** Returns the paths of freshly made credentials under `directory`, which live for a year and are for loopback only. */
export async function writeCredentials(directory: string): Promise<Credentials> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await makeAuthority();
  const authorityCertificate = path.join(directory, 'authority.crt');
  await writeFile(authorityCertificate, authority.cert);
  const [apiServer, admin, controllerManager, serviceAccount] = await Promise.all([
    writeLeaf(path.join(directory, 'kube-apiserver'), { commonName: 'kube-apiserver' }, authority),
    // RBAC grants this group everything, before any role exists.
    writeLeaf(
      path.join(directory, 'admin'),
      { commonName: 'irsa-test-admin', organization: 'system:masters' },
      authority,
    ),
    writeLeaf(path.join(directory, 'controller-manager'), { commonName: 'system:kube-controller-manager' }, authority),
    writeServiceAccountKeys(path.join(directory, 'service-account')),
  ]);
  return { authorityCertificate, apiServer, admin, controllerManager, serviceAccount };
}

async function makeAuthority(): Promise<Authority> {
  const made = await generate([{ name: 'commonName', value: 'irsa-test-authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

async function writeLeaf(basePath: string, subject: Subject, authority: Authority): Promise<KeyPairPaths> {
  const { commonName, organization } = subject;
  const attributes = [{ name: 'commonName', value: commonName }];
  if (organization !== undefined) attributes.push({ name: 'organizationName', value: organization });
  const made = await generate(attributes, {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 2, value: 'kubernetes.default.svc' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const paths = { certificate: `${basePath}.crt`, key: `${basePath}.key` };
  await writeFile(paths.certificate, made.cert);
  await writeFile(paths.key, made.private, { mode: 0o600 });
  return paths;
}

/** RSA, since AWS and most token issuers sign service account tokens with RS256. */
async function writeServiceAccountKeys(basePath: string): Promise<Credentials['serviceAccount']> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const paths = { publicKey: `${basePath}.pub`, privateKey: `${basePath}.key` };
  await writeFile(paths.publicKey, publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(paths.privateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return paths;
}
