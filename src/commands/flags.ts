// The one table of flags: the command line, its help, the docs and their tests read it.

/** How a value is written; `bool`, `int` and `duration` are Go's forms. A duration is held in milliseconds. */
export type FlagForm = 'bool' | 'duration' | 'int' | 'string';

/** Where a flag stands in the help. */
export type FlagGroup =
  | 'Input and output'
  | 'What is tried'
  | 'Serving'
  | 'Accounts'
  | 'Injection'
  | 'Container credentials'
  | 'Logging'
  | 'Accepted for compatibility, without effect';

/** A rule for values: what they must be, in words that follow "expected". */
export type FlagRule = { readonly expected: string; readonly holds: (value: boolean | number | string) => boolean };

const port: FlagRule = {
  expected: 'a port from 0 (any free one) to 65535',
  holds: (value) => Number(value) >= 0 && Number(value) <= 65_535,
};
const notBlank: FlagRule = { expected: 'a text that is not blank', holds: (value) => String(value).trim() !== '' };
/** So that calls in flight have at least 5 s before the hard end. */
const shutdownDelay: FlagRule = { expected: 'a time of at most 25s', holds: (value) => Number(value) <= 25_000 };
const connectionCount: FlagRule = { expected: 'a number of at least 10', holds: (value) => Number(value) >= 10 };
const reviewCount: FlagRule = { expected: 'a number of at least 1', holds: (value) => Number(value) >= 1 };
const someTime: FlagRule = { expected: 'a time of more than 0', holds: (value) => Number(value) > 0 };
const aSecond: FlagRule = { expected: 'a time of at least 1s', holds: (value) => Number(value) >= 1000 };
/** A DNS subdomain, as the API demands of what stands before the slash of an annotation. */
const prefix: FlagRule = {
  expected: 'a domain name without a slash, such as eks.amazonaws.com',
  holds: (value) => /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(String(value)),
};

const liveLookups: FlagRule = {
  expected: 'on, best-effort, always or off',
  holds: (value) => ['on', 'best-effort', 'always', 'off'].includes(String(value)),
};

/** One flag. */
export type Flag = {
  readonly name: string;
  readonly form: FlagForm;
  readonly default: string;
  readonly group: FlagGroup;
  readonly text: string;
  /** `true` where the Go webhook has a flag of this name, form and default. */
  readonly goWebhook: boolean;
  /** Shown for the value in the help. */
  readonly placeholder?: string;
  /** One letter that stands for the name. */
  readonly short?: string;
  /** What a value of the right form must be besides. */
  readonly rule?: FlagRule;
};

const ignored: FlagGroup = 'Accepted for compatibility, without effect';

/** What shapes an injection; `serve`, `mutate` and `selftest` share them. */
const injectionFlags = [
  {
    name: 'annotation-prefix',
    form: 'string',
    default: 'eks.amazonaws.com',
    group: 'Injection',
    text: 'Prefix of the annotations.',
    goWebhook: true,
    placeholder: 'PREFIX',
    rule: prefix,
  },
  {
    name: 'token-audience',
    form: 'string',
    default: 'sts.amazonaws.com',
    group: 'Injection',
    text: 'Audience of tokens where the account names none.',
    goWebhook: true,
    placeholder: 'AUDIENCE',
    rule: notBlank,
  },
  {
    name: 'token-mount-path',
    form: 'string',
    default: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    group: 'Injection',
    text: 'Folder in the container that the token is mounted in.',
    goWebhook: true,
    placeholder: 'PATH',
    rule: notBlank,
  },
  {
    name: 'token-expiration',
    form: 'int',
    default: '86400',
    group: 'Injection',
    text: 'Lifetime of tokens in seconds where neither pod nor account names one; at least 600.',
    goWebhook: true,
    placeholder: 'SECONDS',
  },
  {
    name: 'token-expiration-jitter',
    form: 'bool',
    default: 'false',
    group: 'Injection',
    text: 'Shorten the lifetime of each web identity token by up to a twelfth, by the names of its pod.',
    goWebhook: false,
  },
  {
    name: 'aws-default-region',
    form: 'string',
    default: '',
    group: 'Injection',
    text: 'Value of AWS_REGION and AWS_DEFAULT_REGION; none by default.',
    goWebhook: true,
    placeholder: 'REGION',
  },
  {
    name: 'sts-regional-endpoint',
    form: 'bool',
    default: 'false',
    group: 'Injection',
    text: 'Give AWS_STS_REGIONAL_ENDPOINTS=regional where the account does not say.',
    goWebhook: true,
  },
  {
    name: 'container-credentials-audience',
    form: 'string',
    default: 'pods.eks.amazonaws.com',
    group: 'Container credentials',
    text: 'Audience of those tokens.',
    goWebhook: true,
    placeholder: 'AUDIENCE',
    rule: notBlank,
  },
  {
    name: 'container-credentials-token-mount-path',
    form: 'string',
    default: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    group: 'Container credentials',
    text: 'Folder in the container that they are mounted in.',
    goWebhook: true,
    placeholder: 'PATH',
    rule: notBlank,
  },
  {
    name: 'container-credentials-token-volume-name',
    form: 'string',
    default: 'eks-pod-identity-token',
    group: 'Container credentials',
    text: 'Name of their volume.',
    goWebhook: true,
    placeholder: 'NAME',
    rule: notBlank,
  },
  {
    name: 'container-credentials-token-path',
    form: 'string',
    default: 'eks-pod-identity-token',
    group: 'Container credentials',
    text: 'Name of the file in the volume.',
    goWebhook: true,
    placeholder: 'NAME',
    rule: notBlank,
  },
  {
    name: 'container-credentials-full-uri',
    form: 'string',
    default: 'http://169.254.170.23/v1/credentials',
    group: 'Container credentials',
    text: 'Value of AWS_CONTAINER_CREDENTIALS_FULL_URI: where the agent answers.',
    goWebhook: true,
    placeholder: 'URI',
  },
] as const satisfies readonly Flag[];

/** How the API server is reached; `serve` and `selftest` share them. */
const apiServerFlags = [
  {
    name: 'kubeconfig',
    form: 'string',
    default: '',
    group: 'Accounts',
    text: 'Kubeconfig file to reach the API server with; without it the credentials of the pod.',
    goWebhook: true,
    placeholder: 'FILE',
  },
  {
    name: 'kube-api',
    form: 'string',
    default: '',
    group: 'Accounts',
    text: 'URL of the API server, over that of the kubeconfig.',
    goWebhook: true,
    placeholder: 'URL',
  },
] as const satisfies readonly Flag[];

/** Every flag of `serve`, in the order of the help. */
export const serveFlags = [
  {
    name: 'port',
    form: 'int',
    default: '443',
    group: 'Serving',
    text: 'Port of the webhook (HTTPS).',
    goWebhook: true,
    placeholder: 'PORT',
    rule: port,
  },
  {
    name: 'metrics-port',
    form: 'int',
    default: '9999',
    group: 'Serving',
    text: 'Port of /metrics and the health endpoints (plain HTTP).',
    goWebhook: true,
    placeholder: 'PORT',
    rule: port,
  },
  {
    name: 'enable-debugging-handlers',
    form: 'bool',
    default: 'false',
    group: 'Serving',
    text: 'Serve /debug/alpha/cache on the metrics port, to callers on loopback: what is known of accounts and roles.',
    goWebhook: true,
  },
  {
    name: 'tls-cert',
    form: 'string',
    default: '/etc/webhook/certs/tls.crt',
    group: 'Serving',
    text: 'Certificate chain to serve with, in PEM; reloaded on change.',
    goWebhook: true,
    placeholder: 'FILE',
  },
  {
    name: 'tls-key',
    form: 'string',
    default: '/etc/webhook/certs/tls.key',
    group: 'Serving',
    text: 'Key of that certificate, in PEM.',
    goWebhook: true,
    placeholder: 'FILE',
  },
  {
    name: 'tls-min-version',
    form: 'string',
    default: '',
    group: 'Serving',
    text: 'Lowest version of TLS, 1.2 or 1.3; what is lower counts as 1.2.',
    goWebhook: true,
    placeholder: 'VERSION',
  },
  {
    name: 'tls-cipher-suites',
    form: 'string',
    default: '',
    group: 'Serving',
    text: "Cipher suites for TLS 1.2, IANA's names separated by commas.",
    goWebhook: true,
    placeholder: 'NAMES',
  },
  {
    name: 'client-ca-file',
    form: 'string',
    default: '',
    group: 'Serving',
    text: 'Authorities in PEM; reviews are taken only from callers with a certificate of theirs. Reloaded on change.',
    goWebhook: false,
    placeholder: 'FILE',
  },
  {
    name: 'client-name',
    form: 'string',
    default: '',
    group: 'Serving',
    text: 'Names separated by commas, one of which such a certificate must have as its CN or a DNS name; none: any.',
    goWebhook: false,
    placeholder: 'NAMES',
  },
  {
    name: 'self-signed',
    form: 'bool',
    default: 'false',
    group: 'Serving',
    text: 'Serve with a certificate that the webhook makes in memory, for a laptop.',
    goWebhook: false,
  },
  {
    name: 'in-cluster',
    form: 'bool',
    default: 'true',
    group: 'Serving',
    text: 'Manage the certificate and its authority by the API: docs/certificates.md. With false: --tls-cert, --tls-key.',
    goWebhook: true,
  },
  {
    name: 'service-name',
    form: 'string',
    default: 'pod-identity-webhook',
    group: 'Serving',
    text: 'Service in front of the webhook, in --namespace; with --in-cluster=true.',
    goWebhook: true,
    placeholder: 'NAME',
  },
  {
    name: 'tls-secret',
    form: 'string',
    default: 'pod-identity-webhook',
    group: 'Serving',
    text: 'Secret for the authority, and Lease for the one that writes it, in --namespace; with --in-cluster=true.',
    goWebhook: true,
    placeholder: 'NAME',
  },
  {
    name: 'webhook-configuration',
    form: 'string',
    default: 'pod-identity-webhook',
    group: 'Serving',
    text: 'Webhook configurations whose caBundle is kept, by commas; of each name the mutating and, if any, the validating.',
    goWebhook: false,
    placeholder: 'NAMES',
    rule: notBlank,
  },
  {
    name: 'ca-lifetime',
    form: 'duration',
    default: '8760h',
    group: 'Serving',
    text: 'Life of an authority; it is replaced when a third of it is left.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: aSecond,
  },
  {
    name: 'certificate-lifetime',
    form: 'duration',
    default: '168h',
    group: 'Serving',
    text: 'Life of the certificate that a replica signs for itself; it is renewed when a third of it is left.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: aSecond,
  },
  {
    name: 'ca-propagation-delay',
    form: 'duration',
    default: '1m',
    group: 'Serving',
    text: 'Time until every API server uses a caBundle that was written.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: aSecond,
  },
  {
    name: 'lease-duration',
    form: 'duration',
    default: '15s',
    group: 'Serving',
    text: 'Time without a sign of the replica that writes, after which another one takes over.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: aSecond,
  },
  {
    name: 'shutdown-delay',
    form: 'duration',
    default: '15s',
    group: 'Serving',
    text: 'How long calls are taken after SIGTERM, until no API server sends any; the end is 30s after it at the latest.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: shutdownDelay,
  },
  {
    name: 'max-connections',
    form: 'int',
    default: '2000',
    group: 'Serving',
    text: 'Most connections at a time, 68 KB each; at nine tenths of it idle ones are closed to make room.',
    goWebhook: false,
    placeholder: 'COUNT',
    rule: connectionCount,
  },
  {
    name: 'max-reviews-in-flight',
    form: 'int',
    default: '1000',
    group: 'Serving',
    text: 'Most reviews that wait for a lookup at a time; others get a 503, and the API server sends them again.',
    goWebhook: false,
    placeholder: 'COUNT',
    rule: reviewCount,
  },
  ...apiServerFlags,
  {
    name: 'service-accounts',
    form: 'string',
    default: '',
    group: 'Accounts',
    text: 'Read service accounts from this file or folder instead of a cluster; reloaded on change.',
    goWebhook: false,
    placeholder: 'PATH',
  },
  {
    name: 'lookup-timeout',
    form: 'duration',
    default: '1s',
    group: 'Accounts',
    text: 'Longest that one read of a service account may take.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: someTime,
  },
  {
    name: 'live-lookups',
    form: 'string',
    default: 'on',
    group: 'Accounts',
    text: 'Which accounts a review reads live: on (all but known roles), best-effort (if it can), always (all), off.',
    goWebhook: false,
    placeholder: 'MODE',
    rule: liveLookups,
  },
  {
    name: 'namespace',
    form: 'string',
    default: 'eks',
    group: 'Accounts',
    text: 'Namespace that the webhook runs in, and the ConfigMap of --watch-config-map.',
    goWebhook: true,
    placeholder: 'NAME',
  },
  {
    name: 'watch-config-map',
    form: 'bool',
    default: 'false',
    group: 'Accounts',
    text: 'Read roles also from the ConfigMap pod-identity-webhook in --namespace; annotations are stronger.',
    goWebhook: true,
  },
  {
    name: 'watch-namespaces',
    form: 'bool',
    default: 'false',
    group: 'Accounts',
    text: 'Leave pods alone whose namespace has the label or annotation skip-pod-identity-webhook.',
    goWebhook: false,
  },
  {
    name: 'respect-env-from',
    form: 'bool',
    default: 'false',
    group: 'Accounts',
    text: 'Read the ConfigMaps of envFrom, and count AWS_* variables in them as set by the container itself.',
    goWebhook: false,
  },
  {
    name: 'compose-role-arn',
    form: 'bool',
    default: 'false',
    group: 'Accounts',
    text: "Let role-arn be a role's name or path, in the account --aws-account-id or else in that of the node.",
    goWebhook: true,
  },
  {
    name: 'aws-account-id',
    form: 'string',
    default: '',
    group: 'Accounts',
    text: 'AWS account of the roles that --compose-role-arn completes; by default instance metadata tells it.',
    goWebhook: false,
    placeholder: 'ID',
  },
  {
    name: 'aws-partition',
    form: 'string',
    default: '',
    group: 'Accounts',
    text: 'Partition of those roles, such as aws-cn; by default that of the region.',
    goWebhook: false,
    placeholder: 'NAME',
  },
  {
    name: 'watch-container-credentials-config',
    form: 'string',
    default: '',
    group: 'Container credentials',
    text: 'File that lists the accounts whose pods get container credentials (EKS Pod Identity); reloaded on change.',
    goWebhook: true,
    placeholder: 'FILE',
  },
  ...injectionFlags,
  {
    name: 'v',
    form: 'int',
    default: '0',
    group: 'Logging',
    text: 'Verbosity; from 4 on a line more for each review says why it ended as it did.',
    goWebhook: true,
    placeholder: 'LEVEL',
    short: 'v',
  },
  {
    name: 'version',
    form: 'bool',
    default: 'false',
    group: 'Logging',
    text: 'Print the version and exit.',
    goWebhook: true,
  },
  {
    name: 'service-account-lookup-grace-period',
    form: 'duration',
    default: '0s',
    group: ignored,
    text: 'An account that is not known is read when a review comes; with --live-lookups=off nothing waits either.',
    goWebhook: true,
    placeholder: 'TIME',
  },
  {
    name: 'resync-period',
    form: 'duration',
    default: '1m0s',
    group: ignored,
    text: 'Accounts are followed by a watch; nothing has to be resynchronised.',
    goWebhook: true,
    placeholder: 'TIME',
  },
  ...(
    [
      ['add_dir_header', 'bool', 'false'],
      ['alsologtostderr', 'bool', 'false'],
      ['alsologtostderrthreshold', 'string', '0'],
      ['legacy_stderr_threshold_behavior', 'bool', 'true'],
      ['log_backtrace_at', 'string', ':0'],
      ['log_dir', 'string', ''],
      ['log_file', 'string', ''],
      ['log_file_max_size', 'int', '1800'],
      ['logtostderr', 'bool', 'true'],
      ['one_output', 'bool', 'false'],
      ['skip_headers', 'bool', 'false'],
      ['skip_log_headers', 'bool', 'false'],
      ['stderrthreshold', 'string', '2'],
      ['vmodule', 'string', ''],
    ] as const
  ).map(([name, form, value]) => ({
    name,
    form,
    default: value,
    group: ignored,
    text: 'klog; lines of JSON go to standard error.',
    goWebhook: true,
  })),
] as const satisfies readonly Flag[];

/** Every flag of `mutate`. */
export const mutateFlags = [
  {
    name: 'filename',
    form: 'string',
    default: '',
    group: 'Input and output',
    text: 'Manifest to read, YAML or JSON; - is standard input.',
    goWebhook: false,
    placeholder: 'FILE',
    short: 'f',
  },
  {
    name: 'service-accounts',
    form: 'string',
    default: '',
    group: 'Input and output',
    text: 'File or folder with service accounts, beside those in the manifest itself.',
    goWebhook: false,
    placeholder: 'PATH',
  },
  {
    name: 'output',
    form: 'string',
    default: 'yaml',
    group: 'Input and output',
    text: 'yaml, json, patch (RFC 6902 operations) or diff.',
    goWebhook: false,
    placeholder: 'FORM',
    short: 'o',
  },
  {
    name: 'namespace',
    form: 'string',
    default: 'default',
    group: 'Input and output',
    text: 'Namespace of objects that name none.',
    goWebhook: false,
    placeholder: 'NAME',
    short: 'n',
  },
  ...injectionFlags,
] as const satisfies readonly Flag[];

/** Every flag of `selftest`; those that shape an injection are to be those of the webhook. */
export const selftestFlags = [
  {
    name: 'namespace',
    form: 'string',
    default: 'default',
    group: 'What is tried',
    text: 'Namespace in which the pod would be.',
    goWebhook: false,
    placeholder: 'NAME',
    short: 'n',
  },
  {
    name: 'service-account',
    form: 'string',
    default: '',
    group: 'What is tried',
    text: 'Service account of the pod, in that namespace, with a role in its annotations.',
    goWebhook: false,
    placeholder: 'NAME',
  },
  {
    name: 'image',
    form: 'string',
    default: 'registry.k8s.io/pause:3.10',
    group: 'What is tried',
    text: 'Image of the pod, which nobody pulls; for policies that allow only some.',
    goWebhook: false,
    placeholder: 'IMAGE',
    rule: notBlank,
  },
  {
    name: 'timeout',
    form: 'duration',
    default: '1m',
    group: 'What is tried',
    text: 'Until when a pod that does not come back injected is sent again, once a second.',
    goWebhook: false,
    placeholder: 'TIME',
    rule: someTime,
  },
  ...apiServerFlags,
  ...injectionFlags,
] as const satisfies readonly Flag[];

type ValueOf<Form extends FlagForm> = Form extends 'bool' ? boolean : Form extends 'string' ? string : number;

/** The value of every flag of a table, by its name; durations in milliseconds. */
export type FlagValues<Table extends readonly Flag[]> = {
  readonly [Item in Table[number] as Item['name']]: ValueOf<Item['form']>;
};
