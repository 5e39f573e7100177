// The one table of flags: the command line, its help, the docs and their tests read it.

/** How a value is written; `bool`, `int` and `duration` are Go's forms. A duration is held in milliseconds. */
export type FlagForm = 'bool' | 'duration' | 'int' | 'string';

/** Where a flag stands in the help. */
export type FlagGroup =
  'Input and output' | 'Serving' | 'Accounts' | 'Injection' | 'Logging' | 'Accepted for compatibility, without effect';

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
};

const ignored: FlagGroup = 'Accepted for compatibility, without effect';

/** What shapes an injection; `serve` and `mutate` share them. */
const injectionFlags = [
  {
    name: 'annotation-prefix',
    form: 'string',
    default: 'eks.amazonaws.com',
    group: 'Injection',
    text: 'Prefix of the annotations.',
    goWebhook: true,
    placeholder: 'PREFIX',
  },
  {
    name: 'token-audience',
    form: 'string',
    default: 'sts.amazonaws.com',
    group: 'Injection',
    text: 'Audience of tokens where the account names none.',
    goWebhook: true,
    placeholder: 'AUDIENCE',
  },
  {
    name: 'token-mount-path',
    form: 'string',
    default: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    group: 'Injection',
    text: 'Folder in the container that the token is mounted in.',
    goWebhook: true,
    placeholder: 'PATH',
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
  },
  {
    name: 'metrics-port',
    form: 'int',
    default: '9999',
    group: 'Serving',
    text: 'Port of /metrics and the health endpoints (plain HTTP).',
    goWebhook: true,
    placeholder: 'PORT',
  },
  {
    name: 'tls-cert',
    form: 'string',
    default: '/etc/webhook/certs/tls.crt',
    group: 'Serving',
    text: 'Certificate chain to serve with, in PEM.',
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
    name: 'self-signed',
    form: 'bool',
    default: 'false',
    group: 'Serving',
    text: 'Serve with a certificate made at the start, for a laptop.',
    goWebhook: false,
  },
  {
    name: 'in-cluster',
    form: 'bool',
    default: 'true',
    group: 'Serving',
    text: 'The webhook manages its own certificate. Not built yet: give false, with --tls-cert and --tls-key.',
    goWebhook: true,
  },
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
  },
  {
    name: 'namespace',
    form: 'string',
    default: 'eks',
    group: 'Accounts',
    text: 'Namespace that the webhook runs in.',
    goWebhook: true,
    placeholder: 'NAME',
  },
  ...injectionFlags,
  {
    name: 'v',
    form: 'int',
    default: '0',
    group: 'Logging',
    text: 'Verbosity; from 4 on debug lines are written.',
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

type ValueOf<Form extends FlagForm> = Form extends 'bool' ? boolean : Form extends 'string' ? string : number;

/** The value of every flag of a table, by its name; durations in milliseconds. */
export type FlagValues<Table extends readonly Flag[]> = {
  readonly [Item in Table[number] as Item['name']]: ValueOf<Item['form']>;
};
