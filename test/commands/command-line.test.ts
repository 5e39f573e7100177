// The command line as a whole: verbs, flags against those of the Go webhook, and the help.
import assert from 'node:assert/strict';
import { type CommandLine, parseCommandLine } from '../../src/commands/command-line.ts';
import { parseFlagValue, UsageError } from '../../src/commands/flag-values.ts';
import { type Flag, mutateFlags, selftestFlags, serveFlags } from '../../src/commands/flags.ts';
import { goWebhookFlags } from './go-webhook-flags.ts';

const parse = (line: string): CommandLine => parseCommandLine(line === '' ? [] : line.split(' '), '1.2.3');

function helpOf(line: string): string {
  const command = parse(line);
  assert.ok(command.verb === 'print');
  return command.text;
}

const byName = ([a = '']: readonly string[], [b = '']: readonly string[]): number => (a < b ? -1 : 1);

const tables: Readonly<Record<string, readonly Flag[]>> = {
  serve: serveFlags,
  mutate: mutateFlags,
  selftest: selftestFlags,
};

describe('commands/command-line', () => {
  it('serves where there is no verb', () => {
    for (const line of ['', 'serve', '--port 1', 'serve --port 1', '--version=false']) {
      assert.equal(parse(line).verb, 'serve', line);
    }
    const command = parse('serve --port 8443 --in-cluster=false');
    assert.ok(command.verb === 'serve');
    assert.equal(command.values.port, 8443);
    assert.deepEqual([...command.given], ['port', 'in-cluster']);
  });

  it('mutates', () => {
    const command = parse('mutate -f pod.yaml -o json -n shop --service-accounts accounts');
    assert.ok(command.verb === 'mutate');
    const { filename, output, namespace } = command.values;
    assert.deepEqual(
      [filename, output, namespace, command.values['service-accounts']],
      ['pod.yaml', 'json', 'shop', 'accounts'],
    );
  });

  it('tests itself', () => {
    const command = parse('selftest -n shop --service-account cart --timeout 10s');
    assert.ok(command.verb === 'selftest');
    const { namespace, timeout, 'service-account': account } = command.values;
    assert.deepEqual([namespace, account, timeout], ['shop', 'cart', 10_000]);
  });

  it('prints the version', () => {
    assert.deepEqual(parse('--version'), { verb: 'print', text: '1.2.3\n' });
    assert.deepEqual(parse('serve --version'), { verb: 'print', text: '1.2.3\n' });
  });

  const refused: readonly (readonly [line: string, message: string])[] = [
    ['explain', 'unknown command "explain": expected serve, mutate or selftest'],
    ['Serve', '"Serve" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false'],
    [
      'serve mutate',
      '"mutate" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false',
    ],
    ['--unknown', "unknown option '--unknown'"],
    ['mutate --port 1', "unknown option '--port'"],
    [
      'mutate pod.yaml',
      '"pod.yaml" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false',
    ],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${line}`, () => {
      assert.throws(
        () => parse(line),
        (error: unknown) => error instanceof UsageError && error.message === message,
      );
    });
  }

  describe('the flags of serve', () => {
    it('have those of the Go webhook, with its forms and defaults', () => {
      const ours = serveFlags
        .filter(({ goWebhook }) => goWebhook)
        .map(({ name, form, default: value }) => [name, form, value]);
      const theirs = goWebhookFlags.map((flag) => [...flag]);
      assert.deepEqual(ours.toSorted(byName), theirs.toSorted(byName));
    });

    for (const [name, form, value] of goWebhookFlags) {
      const text = value === '' || form !== 'string' ? value || 'x' : value;
      it(`take --${name}=${text}`, () => {
        const command = parse(`--${name}=${text} --version=false`);
        assert.ok(command.verb === 'serve');
        assert.ok(command.given.has(name));
      });
    }
  });

  for (const [verb, flags] of Object.entries(tables)) {
    describe(`the table of ${verb}`, () => {
      it('names each flag and each letter once', () => {
        const names = flags.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]);
        assert.equal(new Set(names).size, names.length);
      });

      it('has defaults of the form of their flags', () => {
        for (const flag of flags) parseFlagValue(flag, flag.default);
      });
    });

    describe(`the help of ${verb}`, () => {
      const help = helpOf(`${verb} --help`);

      it('is what --help, -h and help ask for, wherever they stand', () => {
        const lines: Readonly<Record<string, readonly string[]>> = {
          serve: ['--help', '-h', 'help', 'serve -h', '--port 1 --help'],
          mutate: ['mutate -h', 'help mutate', 'mutate -f x --help'],
          selftest: ['selftest -h', 'help selftest', 'selftest --timeout 1s --help'],
        };
        for (const line of lines[verb] ?? assert.fail(verb)) assert.equal(helpOf(line), help, line);
      });

      it('names each flag once, with its default', () => {
        for (const { name, form, default: value } of flags) {
          const entries = help
            .split('\n')
            .filter((line) => new RegExp(`^  (?:-\\w, |    )--${name}(?: |$)`).test(line));
          assert.equal(entries.length, 1, name);
          const section = help.slice(help.indexOf(entries[0] ?? '')).split(/\n(?= {2}(?:-\w, | {4})--|\n)/, 1)[0] ?? '';
          const shown = value !== '' && !(form === 'bool' && value === 'false');
          assert.equal(section.includes(`[${value}]`), shown, section);
        }
      });

      it('fits 100 columns, with nothing at the ends of lines', () => {
        for (const line of help.split('\n')) {
          assert.ok(line.length <= 100, line);
          assert.doesNotMatch(line, /\s$/);
        }
        assert.ok(help.startsWith('Usage: irsa-webhook ') && help.endsWith('\n') && !help.endsWith('\n\n'));
      });

      it('has examples that can be parsed', () => {
        const examples = help.slice(help.indexOf('Examples:\n')).split('\n').slice(1, -1);
        assert.ok(examples.length > 1);
        for (const example of examples) {
          const [, args = ''] = /(?:^|\| )\s*irsa-webhook (.*)$/.exec(example) ?? assert.fail(example);
          assert.equal(parse(args).verb, verb, example);
        }
      });
    });
  }
});
