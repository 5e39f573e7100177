// Reads the warnings that the API server sends along with an answer.
import { printable } from '../../identity/warning.ts';

/** Longer ones are cut, as the API server itself does with those of webhooks. */
const maxWarningLength = 256;

/**
 * Returns the texts of the Warning headers (RFC 7234, 5.5; code 299 is the only one that the API server writes). Node
 * joins them by commas, which may stand in a text as well; in there quotes and backslashes are escaped.
 */
export function readWarnings(header: string | readonly string[] | undefined): string[] {
  const joined = typeof header === 'string' ? header : (header ?? []).join(', ');
  return [...joined.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    printable(text.replaceAll(/\\(.)/g, '$1'), maxWarningLength),
  );
}
