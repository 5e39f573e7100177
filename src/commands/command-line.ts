// Turns the command line into a command: a verb and its flags, or a text to print.
import { UsageError } from './flag-values.ts';
import { mutateFlags, selftestFlags, serveFlags } from './flags.ts';
import { formatHelp } from './help.ts';
import { type ParsedFlags, parseFlags } from './parse-flags.ts';

/** What is to be done. */
export type CommandLine =
  | { readonly verb: 'print'; readonly text: string }
  | ({ readonly verb: 'serve' } & ParsedFlags<typeof serveFlags>)
  | ({ readonly verb: 'mutate' } & ParsedFlags<typeof mutateFlags>)
  | ({ readonly verb: 'selftest' } & ParsedFlags<typeof selftestFlags>);

/**
 * Returns the command that the arguments ask for; with no verb it is `serve`, as the Go webhook is started. Throws a
 * {@link UsageError} where they ask for nothing that there is.
 */
export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  const [first = '', ...rest] = args;
  if (args.includes('--help') || args.includes('-h') || first === 'help') {
    return { verb: 'print', text: helpOf(args) };
  }
  if (first === 'mutate') return { verb: 'mutate', ...parseFlags(mutateFlags, rest) };
  if (first === 'selftest') return { verb: 'selftest', ...parseFlags(selftestFlags, rest) };
  if (/^[a-z]/.test(first) && first !== 'serve') {
    throw new UsageError(`unknown command ${JSON.stringify(first)}: expected serve, mutate or selftest`);
  }
  const parsed = parseFlags(serveFlags, first === 'serve' ? rest : args);
  return parsed.values.version ? { verb: 'print', text: `${version}\n` } : { verb: 'serve', ...parsed };
}

function helpOf(args: readonly string[]): string {
  if (args.includes('mutate')) return mutateHelp();
  return args.includes('selftest') ? selftestHelp() : serveHelp();
}

function serveHelp(): string {
  return formatHelp({
    usage:
      'irsa-webhook [serve] [flags]\n       irsa-webhook mutate -f FILE [flags]\n       irsa-webhook selftest --service-account NAME [flags]',
    description:
      'Gives every pod the AWS identity that its service account promises: a Kubernetes mutating\n' +
      'admission webhook for IAM Roles for Service Accounts. These are the flags of serve, the default;\n' +
      'mutate shows the same decision without a cluster (irsa-webhook mutate --help), selftest asks a\n' +
      'cluster whether pods come back injected (irsa-webhook selftest --help).',
    flags: serveFlags,
    examples: [
      'irsa-webhook --self-signed --service-accounts manifests/examples --port 8443',
      'irsa-webhook --tls-cert tls.crt --tls-key tls.key --aws-default-region eu-west-1',
    ],
  });
}

function mutateHelp(): string {
  return formatHelp({
    usage: 'irsa-webhook mutate -f FILE [flags]',
    description:
      'Shows what pods would get, without a cluster: a pod, a list, workloads with a pod template\n' +
      '(Deployment, Job, CronJob, ...) or an AdmissionReview, of which the pod is shown, from a file or\n' +
      'standard input. Documents that hold no pod pass through. What was decided, and why, goes to\n' +
      'standard error.\n\n' +
      'Exit status: 0 decided (whether or not anything was added), 1 the input could not be read,\n' +
      '2 the command line is wrong.',
    flags: mutateFlags,
    examples: [
      'irsa-webhook mutate -f pod.yaml --service-accounts accounts.yaml',
      'irsa-webhook mutate -f pod.yaml --service-accounts accounts.yaml --output diff',
      'kubectl get deployment app -o yaml | irsa-webhook mutate -f - --service-accounts accounts.yaml',
    ],
  });
}

function selftestHelp(): string {
  return formatHelp({
    usage: 'irsa-webhook selftest --service-account NAME [flags]',
    description:
      'Asks the API server, by a dry run that leaves nothing behind, whether a pod of a service account\n' +
      'with a role comes back with its identity: the volume with the token, and its mount and the\n' +
      'variables in each container. It takes the way of every pod, through the registration of the\n' +
      'webhook. The rights that it needs: manifests/rbac-selftest.yaml. The flags under "Injection" are to\n' +
      'be those of the webhook.\n\n' +
      'Exit status: 0 injected, 1 not injected, with the likely causes, or not to be found out,\n' +
      '2 the command line is wrong.',
    flags: selftestFlags,
    examples: [
      'irsa-webhook selftest --namespace shop --service-account cart',
      'irsa-webhook selftest -n shop --service-account cart --kubeconfig ~/.kube/config --timeout 10s',
    ],
  });
}
