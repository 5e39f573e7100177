// Tells from which module a line of the bundle is: esbuild writes the path of each in front of it.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Describe } from './profile.ts';

const marker = /^\/\/ ((?:src|node_modules)\/\S+)$/;

/** Whose functions there are. */
export const owners = {
  ours: 'irsa-webhook',
  packages: 'packages',
  node: 'Node and V8',
} as const;

/** Returns what names the functions of a bundle by their modules. */
export function describeBundle(): Describe {
  const files = new Map<string, readonly string[]>();
  const linesOf = (url: string): readonly string[] => {
    const known = files.get(url);
    if (known !== undefined) return known;
    const path = fileURLToPath(url);
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    files.set(url, lines);
    return lines;
  };
  return ({ name, url, line }) => {
    const title = name === '' ? 'anonymous' : name;
    if (!url.startsWith('file:')) return { title: url === '' ? title : `${title} ${url}`, owner: owners.node };
    const module = moduleAt(linesOf(url), line);
    const owner = module.startsWith('src/') ? owners.ours : owners.packages;
    return { title: `${title} ${basename(module)}`, owner };
  };
}

function moduleAt(lines: readonly string[], line: number): string {
  for (let index = Math.min(line, lines.length - 1); index >= 0; index -= 1) {
    const path = marker.exec(lines[index] ?? '')?.[1];
    if (path !== undefined) return path;
  }
  return 'node_modules/unknown';
}
