// Where Prometheus and promtool are: both come with the package of the distribution.
import { spawnSync } from 'node:child_process';

/** Returns the name by which it can be started; throws where it is not installed. */
export function requireTool(name: 'prometheus' | 'promtool'): string {
  const { error } = spawnSync(name, ['--version'], { stdio: 'ignore' });
  if (error === undefined) return name;
  throw new Error(`expected ${name} on the PATH, got ${error.message}: install it (apt-get install prometheus)`);
}
