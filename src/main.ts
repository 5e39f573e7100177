#!/usr/bin/env node
// The process: arguments in, exit status out. Nothing else reads the environment, hears signals or exits.
import packageJson from '../package.json' with { type: 'json' };
import { parseCommandLine } from './commands/command-line.ts';
import { UsageError } from './commands/flag-values.ts';

async function main(): Promise<void> {
  const { version } = packageJson;
  const command = parseCommandLine(process.argv.slice(2), version);
  switch (command.verb) {
    case 'print':
      print(command.text);
      return;
    case 'mutate': {
      const { mutate } = await import('./commands/mutate.ts');
      await mutate(command.values, {
        print,
        printError,
        standardInput: process.stdin,
        colours: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
      });
      return;
    }
    case 'selftest': {
      const { selftest } = await import('./commands/selftest.ts');
      const { env: environment } = process;
      await selftest(command.values, { version, environment, print, printError, stop: stopSignal() });
      return;
    }
    case 'serve': {
      const { serve } = await import('./commands/serve.ts');
      const { env: environment, stderr: standardError } = process;
      await serve(command, { version, environment, print, standardError, atExit, stop: stopSignal() });
      endSoon();
    }
  }
}

function print(text: string): void {
  process.stdout.write(text);
}

function printError(text: string): void {
  process.stderr.write(text);
}

function atExit(task: () => void): void {
  process.on('exit', task);
}

/** Ends the process where all is done, and only a log that nobody reads keeps it. */
function endSoon(): void {
  const lastLinesMs = 1_000;
  setTimeout(() => process.exit(), lastLinesMs).unref();
}

/** Aborted by the first SIGTERM or SIGINT; the second ends the process at once, as if it had not been caught. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  }
  return stop.signal;
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// A log that cannot be written, such as to a full disk, ends no service, and there is nowhere to tell of it.
process.stderr.on('error', () => undefined);

process.exitCode = await main().then(
  () => 0,
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    const verb = ['mutate', 'selftest'].find((name) => name === process.argv[2]);
    const help = `irsa-webhook ${verb === undefined ? '' : `${verb} `}--help`;
    const hint = error instanceof UsageError ? ` (${help})` : '';
    printError(`irsa-webhook: ${message}${hint}\n`);
    return error instanceof UsageError ? 2 : 1;
  },
);
