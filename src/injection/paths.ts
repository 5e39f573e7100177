// Paths inside a container, on Linux and on Windows.

/** An empty element, `.` or `..`, or a slash at the end. */
const unclean = /\/\/|\/\.{1,2}(?:\/|$)|\/$/;

/**
 * Returns the path cleaned as Go's `path.Clean` does it: no empty, `.` or (where they can be resolved) `..` elements.
 * The Go webhook gives AWS_WEB_IDENTITY_TOKEN_FILE in this form and mountPath as the flag has it.
 */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  // Nearly all paths are clean, and each mount of each pod comes by here.
  if (rooted && !unclean.test(path)) return path;
  const kept: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') kept.push(element);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const joined = kept.join('/');
  if (rooted) return `/${joined}`;
  return joined === '' ? '.' : joined;
}

/** Returns the cleaned path of a file in a folder; an empty folder is left out (Go's `filepath.Join`). */
export function joinPath(folder: string, file: string): string {
  return cleanPath(folder === '' ? file : `${folder}/${file}`);
}

/** Returns the path as a process in a Windows container finds it: on drive C unless it names one, with backslashes. */
export function windowsPath(path: string): string {
  const backslashed = path.replaceAll('/', '\\');
  return /^[a-z]:/i.test(backslashed) ? backslashed : `C:${backslashed}`;
}

/** Returns the path of a file in a folder, as a process in the container finds it. */
export function fileIn(folder: string, file: string, windows: boolean): string {
  const path = joinPath(folder, file);
  return windows ? windowsPath(path) : path;
}
