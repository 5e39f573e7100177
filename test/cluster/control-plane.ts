/** Starts and stops an own Kubernetes control plane: etcd, kube-apiserver and kube-controller-manager on loopback. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AuditEvent } from './audit-log.ts';
import { auditPolicy, readAuditEvents } from './audit-log.ts';
import type { Binaries, ComponentName } from './binaries.ts';
import type { Connection } from './connection.ts';
import { connect } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { writeCredentials } from './credentials.ts';
import { ClusterError } from './errors.ts';
import { compactEtcd } from './etcd.ts';
import { freePort } from './free-port.ts';
import type { GuardedRun } from './guarded-run.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { waitFor } from './wait-for.ts';

/** The `iss` of the service account tokens, as kubeadm sets it. */
export const serviceAccountIssuer = 'https://kubernetes.default.svc.cluster.local';

/** Loopback, so that a test can listen on a Service's ClusterIP and play kube-proxy. */
const serviceClusterIpRange = '127.200.0.0/24';

/** A control plane is up in about 5 s; a machine that runs other builds may need several times that. */
const readyTimeoutMs = 50_000;
/** Another process may take a free port before the API server does; five times in a row it does not. */
const portTries = 5;
/** Short, as whoever took the API server's port may accept connections and never answer. */
const probeTimeoutMs = 2_000;
const shownLogLines = 15;
const killTimeoutMs = 10_000;

export type ControlPlane = {
  /** A kubeconfig of a cluster administrator. */
  readonly kubeconfigPath: string;
  /** Pids by component. */
  readonly pids: ReadonlyMap<string, number>;
  /** Returns the writes on pods and service accounts so far, and all requests of users that are audited; see readAuditEvents for when they appear. */
  readAuditLog(): Promise<AuditEvent[]>;
  /** Stops the API server and starts it again on the same port, with these flags besides; returns when it is ready. */
  restartApiServer(flags?: readonly string[]): Promise<void>;
  /** Ends a component by SIGKILL, as the end of its machine would; returns when it is gone. */
  kill(name: ComponentName): Promise<void>;
  /** Starts an API server that is down again on the same port; returns when it is ready. */
  startApiServer(): Promise<void>;
  /** Starts an etcd that is down again, on its own data or on none; the API server must be down meanwhile. */
  startEtcd(data: 'kept' | 'emptied'): Promise<void>;
  /** Has etcd forget all that was before its state of now, for good. */
  compact(): Promise<void>;
};

export type ControlPlaneOptions = {
  readonly binaries: Binaries;
  /** Added to kube-apiserver's, for example `--emulated-version=1.33`. */
  readonly apiServerFlags?: readonly string[];
  /** Returns the port to try next. */
  readonly choosePort?: () => Promise<number>;
  /** Users each of whose requests is in the audit log, too. */
  readonly auditedUsers?: readonly string[];
};

/** What the steps of a start share. */
type Start = {
  readonly run: GuardedRun;
  readonly credentials: Credentials;
  readonly binaries: Binaries;
  readonly apiServerFlags: readonly string[];
};

/**
 * Starts a control plane in the folder of `run`, whose end stops it, and returns when pods can be created in it.
 * Throws ClusterError ERR_CLUSTER_START with the last lines of the log of the component that failed.
 */
export async function startControlPlane(run: GuardedRun, options: ControlPlaneOptions): Promise<ControlPlane> {
  const { binaries, apiServerFlags = [], choosePort = freePort, auditedUsers } = options;
  const credentials = await writeCredentials(path.join(run.directory, 'credentials'));
  const start: Start = { run, credentials, binaries, apiServerFlags };
  await writeFile(path.join(run.directory, 'audit-policy.yaml'), auditPolicy(auditedUsers));
  await startEtcd(start);
  const port = await startApiServerOnFreePort(start, choosePort);
  const kubeconfigPath = path.join(run.directory, 'kubeconfig');
  await writeComponentKubeconfig(kubeconfigPath, port, start, 'admin');
  await startControllerManager(start, port);
  const connection = await connect(kubeconfigPath);
  await waitForDefaultServiceAccount(start, connection);
  connection.close();
  return {
    kubeconfigPath,
    pids: run.pids,
    readAuditLog: () => readAuditEvents(path.join(run.directory, 'audit.log')),
    async restartApiServer(flags = []) {
      await run.stop('kube-apiserver');
      await startApiServer({ ...start, apiServerFlags: [...apiServerFlags, ...flags] }, port);
    },
    async kill(name) {
      const pid = run.pids.get(name);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await waitFor(`${name} to be gone`, () => !run.pids.has(name) || undefined, killTimeoutMs);
    },
    async startApiServer() {
      await startApiServer(start, port);
      // Its controllers may wait half a minute before they try again, and no namespace could be used until then.
      await run.stop('kube-controller-manager');
      await startControllerManager(start, port);
    },
    async startEtcd(data) {
      if (data === 'emptied') await rm(path.join(run.directory, etcdData), { recursive: true });
      await startEtcd(start);
    },
    compact: () => compactEtcd(path.join(run.directory, etcdSocket)),
  };
}

/** etcd listens on a Unix socket in the run's folder: no port to race for, and nobody else's to reach. */
const etcdUrl = 'unix://etcd.sock:0';
/** What that URL makes of it. */
const etcdSocket = 'etcd.sock:0';
const etcdData = 'etcd';

async function startEtcd(start: Start): Promise<void> {
  // A single member never dials its peers, but wants a port for them: any.
  const peerUrl = 'http://127.0.0.1:0';
  await startComponent(start, 'etcd', [
    '--name=test',
    `--data-dir=${etcdData}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]);
}

async function startApiServerOnFreePort(start: Start, choosePort: () => Promise<number>): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = await choosePort();
    try {
      await startApiServer(start, port);
      return port;
    } catch (error) {
      const taken = error instanceof ClusterError && error.message.includes('address already in use');
      if (!taken || tries === portTries) throw error;
    }
  }
}

/** Starts kube-apiserver with the admission plugins that are on by default, ServiceAccount among them (envtest turns it off). */
async function startApiServer(start: Start, port: number): Promise<void> {
  const { credentials, apiServerFlags, run } = start;
  await startComponent(start, 'kube-apiserver', [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${credentials.apiServer.certificate}`,
    `--tls-private-key-file=${credentials.apiServer.key}`,
    `--client-ca-file=${credentials.authorityCertificate}`,
    '--authorization-mode=RBAC',
    `--service-account-issuer=${serviceAccountIssuer}`,
    `--service-account-key-file=${credentials.serviceAccount.publicKey}`,
    `--service-account-signing-key-file=${credentials.serviceAccount.privateKey}`,
    `--service-cluster-ip-range=${serviceClusterIpRange}`,
    // The Service "kubernetes" cannot have a loopback address for an endpoint; nothing here goes through it.
    '--endpoint-reconciler-type=none',
    '--allow-privileged=true',
    '--audit-policy-file=audit-policy.yaml',
    '--audit-log-path=audit.log',
    ...apiServerFlags,
  ]);
  const probePath = path.join(run.directory, 'probe.kubeconfig');
  await writeComponentKubeconfig(probePath, port, start, 'admin');
  const connection = await connect(probePath);
  await waitUntilReady(start, 'kube-apiserver', async () => {
    const { status } = await connection.request('GET', '/readyz', undefined, { timeoutMs: probeTimeoutMs });
    return status === 200;
  });
  connection.close();
}

async function startControllerManager(start: Start, port: number): Promise<void> {
  const { credentials, run } = start;
  const kubeconfigPath = path.join(run.directory, 'controller-manager.kubeconfig');
  await writeComponentKubeconfig(kubeconfigPath, port, start, 'controllerManager');
  await startComponent(start, 'kube-controller-manager', [
    `--kubeconfig=${kubeconfigPath}`,
    '--secure-port=0',
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--root-ca-file=${credentials.authorityCertificate}`,
    `--service-account-private-key-file=${credentials.serviceAccount.privateKey}`,
    // The defaults (20 and 30) are sized for a shared API server, and are what a test would wait for.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ]);
}

async function startComponent({ run, binaries }: Start, name: ComponentName, args: string[]): Promise<void> {
  await mkdir(path.dirname(logPath(run, name)), { recursive: true });
  await run.start({ name, command: binaries[name], arguments: args, logPath: logPath(run, name) });
}

async function writeComponentKubeconfig(
  file: string,
  port: number,
  { credentials }: Start,
  user: 'admin' | 'controllerManager',
): Promise<void> {
  const authority = await readFile(credentials.authorityCertificate);
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': authority.toString('base64'),
  };
  const { certificate, key } = credentials[user];
  await writeKubeconfig(file, cluster, { 'client-certificate': certificate, 'client-key': key });
}

/** The controllers run once they have made this account; until it is there, no pod can be created. */
async function waitForDefaultServiceAccount(start: Start, connection: Connection): Promise<void> {
  await waitUntilReady(start, 'kube-controller-manager', async () => {
    const { status } = await connection.request('GET', '/api/v1/namespaces/default/serviceaccounts/default');
    return status === 200;
  });
}

/** Returns when `probe` has returned true; throws as soon as a component ended, with the end of its log. */
async function waitUntilReady({ run }: Start, name: ComponentName, probe: () => Promise<boolean>): Promise<void> {
  const ready = async (): Promise<'ready' | ComponentName | undefined> => {
    const ended = (['etcd', 'kube-apiserver', name] as const).find((component) => run.endOf(component) !== undefined);
    return ended ?? ((await probe()) ? 'ready' : undefined);
  };
  const outcome = await waitFor(`${name} to be ready`, ready, readyTimeoutMs).catch(() => name);
  if (outcome === 'ready') return;
  const end = run.endOf(outcome) ?? `nothing for ${readyTimeoutMs} ms`;
  throw new ClusterError(
    'ERR_CLUSTER_START',
    `Expected ${name} to be ready, got ${end} from ${outcome}. Its log ends:\n${await lastLogLines(run, outcome)}`,
  );
}

function logPath(run: GuardedRun, name: ComponentName): string {
  return path.join(run.directory, 'logs', `${name}.log`);
}

async function lastLogLines(run: GuardedRun, name: ComponentName): Promise<string> {
  const log = await readFile(logPath(run, name), 'utf8');
  return log.trimEnd().split('\n').slice(-shownLogLines).join('\n');
}
