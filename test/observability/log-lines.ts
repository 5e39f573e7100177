// A destination of the log that keeps what is written to it.
import assert from 'node:assert/strict';

export type LogLines = {
  readonly destination: { readonly write: (text: string) => void };
  readonly text: () => string;
  /** All lines; fails where one is no JSON object. */
  readonly lines: () => Record<string, unknown>[];
};

export function keepLogLines(): LogLines {
  const written: string[] = [];
  const text = () => written.join('');
  return {
    destination: { write: (chunk) => written.push(chunk) },
    text,
    lines: () =>
      text()
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const value: unknown = JSON.parse(line);
          assert.ok(typeof value === 'object' && value !== null, line);
          return { ...value };
        }),
  };
}
