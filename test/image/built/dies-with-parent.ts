// Keeps processes from outliving the one that started them.

export type CommandLine = { readonly command: string; readonly args: readonly string[] };

/**
 * Returns a command line that runs this one in a namespace of processes: the kernel ends it, with all that it has started,
 * when its parent dies, however that is, or when it is killed itself. SIGTERM does not reach it.
 */
export function diesWithParent({ command, args }: CommandLine): CommandLine {
  const namespace = ['unshare', '--mount', '--mount-proc', '--pid', '--fork', '--kill-child'];
  return { command: 'setpriv', args: ['--pdeathsig=KILL', ...namespace, command, ...args] };
}
