// Starts programs of the image as a node does for a pod with a read-only root file system and no capabilities.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asString } from '../../../src/identity/json.ts';
import { waitFor } from '../../cluster/wait-for.ts';
import { type CommandLine, diesWithParent } from './dies-with-parent.ts';
import type { Image } from './image.ts';

const run = promisify(execFile);

const startTimeoutMs = 20_000;
const endTimeoutMs = 10_000;

export type ContainerOptions = {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Folders of this machine by their paths in the container, read-only there. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** A network of its own, in which ports from this one on are anybody's; without it, the network of this machine. */
  readonly firstFreePort?: number;
};

/** A program that runs in the image. */
export type Container = {
  /** What it has written so far, to the output and to the errors. */
  readonly log: () => Promise<string>;
  /** Waits until this is in the log, and returns it. */
  readonly logged: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Its status as the kernel of this machine has it, by field. */
  readonly status: () => Promise<ReadonlyMap<string, string>>;
  /** Its mounts, one a line. */
  readonly mounts: () => Promise<string>;
  /** Sends it SIGTERM, and returns how it ended: `exit code 0`. */
  readonly terminate: () => Promise<string>;
};

/**
 * Runs in namespaces of its own for mounts and processes: the program is process 1, and what is mounted goes with it. The
 * chroot takes the place of a container runtime's pivot_root; the program's rights, not that, are what is tested.
 */
const setUp = `
root=$1; firstFreePort=$2; shift 2
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$2" "$root$1"
  mount -o remount,bind,ro "$root$1"
  shift 2
done
shift
mount -o remount,bind,ro "$root"
if [ -n "$firstFreePort" ]; then echo "$firstFreePort" > /proc/sys/net/ipv4/ip_unprivileged_port_start; fi
exec env -i "$@"
`;

/** User and environment are those of the image. */
function commandLine(image: Image, { command, mounts = {}, firstFreePort }: ContainerOptions): CommandLine {
  const { config, environment, roots } = image;
  const user = asString(config['User']) ?? '0:0';
  const namespaces = ['--mount', '--pid', '--fork'];
  if (firstFreePort !== undefined) namespaces.push('--net');
  const inRoot = [
    'setpriv',
    '--no-new-privs',
    'chroot',
    `--userspec=${user}`,
    '--groups=',
    roots.container,
    ...command,
  ];
  const setUpArguments = [roots.container, String(firstFreePort ?? ''), ...Object.entries(mounts).flat(), '--'];
  // A process that changes its user does not die with its parent any more, but with the namespace around its own.
  return diesWithParent({
    command: 'unshare',
    args: [...namespaces, 'sh', '-ec', setUp, 'sh', ...setUpArguments, ...environment, ...inRoot],
  });
}

/** Runs a program to its end and returns its output; rejects, with what it wrote to the errors, where it does not end with 0. */
export async function runInImage(image: Image, options: ContainerOptions): Promise<string> {
  const { command, args } = commandLine(image, options);
  const { stdout } = await run(command, args, { timeout: startTimeoutMs, killSignal: 'SIGKILL' });
  return stdout;
}

/** Starts a program that goes on; the guard of the image ends it at the latest. */
export async function startInImage(image: Image, label: string, options: ContainerOptions): Promise<Container> {
  const { guard } = image;
  const logPath = join(guard.directory, `${label}.log`);
  const { command, args } = commandLine(image, options);
  const pid = await guard.start({ name: label, command, arguments: args, logPath });
  const log = () => readFile(logPath, 'utf8');
  const inside = async (): Promise<number> => childOf(await childOf(pid));
  return {
    log,
    async logged(pattern) {
      const found = await waitFor(
        `${String(pattern)} in the log of ${label}`,
        async () => {
          const text = await log();
          return pattern.exec(text) ?? (guard.endOf(label) === undefined ? undefined : text);
        },
        startTimeoutMs,
      );
      if (typeof found !== 'string') return found;
      throw new Error(
        `Expected ${String(pattern)} in the log of ${label}, got its end (${guard.endOf(label)}): ${found}`,
      );
    },
    async status() {
      const text = await readFile(`/proc/${await inside()}/status`, 'utf8');
      return new Map([...text.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
    },
    mounts: async () => readFile(`/proc/${await inside()}/mountinfo`, 'utf8'),
    async terminate() {
      process.kill(await inside(), 'SIGTERM');
      return waitFor(`${label} to end`, () => guard.endOf(label), endTimeoutMs);
    },
  };
}

/** The only child, as the namespace of this machine numbers it. */
async function childOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(/^\d+/.exec(children)?.[0]);
}
