// The forms of Go's pflag, and one clear line for what is none of them.
import assert from 'node:assert/strict';
import { UsageError } from '../../src/commands/flag-values.ts';
import type { Flag } from '../../src/commands/flags.ts';
import { serveFlags } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';

const table = [
  { name: 'text', form: 'string', default: 'none', group: 'Serving', text: '', goWebhook: false },
  { name: 'port', form: 'int', default: '443', group: 'Serving', text: '', goWebhook: false },
  { name: 'yes', form: 'bool', default: 'false', group: 'Serving', text: '', goWebhook: false, short: 'y' },
  { name: 'no', form: 'bool', default: 'true', group: 'Serving', text: '', goWebhook: false },
  { name: 'wait', form: 'duration', default: '1s', group: 'Serving', text: '', goWebhook: false },
  { name: 'v', form: 'int', default: '0', group: 'Logging', text: '', goWebhook: false, short: 'v' },
] as const satisfies readonly Flag[];

describe('commands/parse-flags', () => {
  it('takes the default of what is not given', () => {
    const { values, given } = parseFlags(table, []);
    assert.deepEqual(values, { text: 'none', port: 443, yes: false, no: true, wait: 1000, v: 0 });
    assert.equal(given.size, 0);
  });

  const taken: readonly (readonly [line: string, given: Readonly<Record<string, boolean | number | string>>])[] = [
    ['--text=a', { text: 'a' }],
    ['--text a', { text: 'a' }],
    ['--text=', { text: '' }],
    ['--text=a=b', { text: 'a=b' }],
    ['--text=--port', { text: '--port' }],
    ['--text --port', { text: '--port' }],
    ['--text --yes', { text: '--yes' }],
    ['--text -y', { text: '-y' }],
    ['--text -v=4', { text: '-v=4' }],
    ['--text -v=4 -v=2', { text: '-v=4', v: 2 }],
    ['--text --text --yes', { text: '--text', yes: true }],
    ['--text -- --yes', { text: '--', yes: true }],
    ['--port=8443', { port: 8443 }],
    ['--port 8443', { port: 8443 }],
    ['--port -1', { port: -1 }],
    ['--port=+1', { port: 1 }],
    ['--port=0', { port: 0 }],
    ['--port=9007199254740991', { port: Number.MAX_SAFE_INTEGER }],
    ['--yes', { yes: true }],
    ['-y', { yes: true }],
    ['-y=false', { yes: false }],
    ['--yes=true', { yes: true }],
    ['--yes=1', { yes: true }],
    ['--yes=T', { yes: true }],
    ['--no=false', { no: false }],
    ['--no=0', { no: false }],
    ['--yes --no=false --port 1', { yes: true, no: false, port: 1 }],
    ['-v=4', { v: 4 }],
    ['-v 4', { v: 4 }],
    ['-v4', { v: 4 }],
    ['--v=4', { v: 4 }],
    ['--v 4', { v: 4 }],
    ['-v -1', { v: -1 }],
    ['--port=1 --port=2', { port: 2 }],
    ['-v=4 -v2 --v 3', { v: 3 }],
    ['--yes --yes=false', { yes: false }],
    ['--wait=0', { wait: 0 }],
    ['--wait=250ms', { wait: 250 }],
    ['--wait=1m30s', { wait: 90_000 }],
    ['--wait=1.5s', { wait: 1500 }],
    ['--wait=1h', { wait: 3_600_000 }],
    ['--', {}],
  ];
  for (const [line, given] of taken) {
    it(line, () => {
      const parsed = parseFlags(table, line.split(' '));
      assert.deepEqual(
        Object.fromEntries([...parsed.given].map((name) => [name, new Map(Object.entries(parsed.values)).get(name)])),
        given,
      );
      assert.deepEqual(parsed.values, { ...parseFlags(table, []).values, ...given });
    });
  }

  const refused: readonly (readonly [line: string, message: string])[] = [
    ['--unknown', "unknown option '--unknown'"],
    ['--unknown=1', "unknown option '--unknown=1'"],
    ['-x', "unknown option '-x'"],
    ['--tex=a', "unknown option '--tex=a'"],
    ['--Text=a', "unknown option '--Text=a'"],
    ['-text=a', "unknown option '-text=a'"],
    ['--text', "option '--text <value>' argument missing"],
    ['-v', "option '-v, --v <value>' argument missing"],
    ['--port=', '--port: expected a whole number, got ""'],
    ['--port=http', '--port: expected a whole number, got "http"'],
    ['--port=1.5', '--port: expected a whole number, got "1.5"'],
    ['--port=1e3', '--port: expected a whole number, got "1e3"'],
    ['--port=0x1', '--port: expected a whole number, got "0x1"'],
    ['--port=0777', '--port: expected a whole number, got "0777"'],
    ['--port=1_000', '--port: expected a whole number, got "1_000"'],
    ['--port=9007199254740992', '--port: expected a whole number, got "9007199254740992"'],
    ['-v=high', '-v: expected a whole number, got "high"'],
    ['--yes=maybe', '--yes: expected true or false, got "maybe"'],
    ['--yes=yes', '--yes: expected true or false, got "yes"'],
    ['--yes=', '--yes: expected true or false, got ""'],
    ['--yes false', '"false" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false'],
    ['stray', '"stray" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false'],
    [
      '--port=1 stray',
      '"stray" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false',
    ],
    [
      '-- --port=1',
      '"--port=1" belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false',
    ],
    ['--wait=5', '--wait: expected a time such as 500ms, 1s or 1m30s, got "5"'],
    ['--wait=-1s', '--wait: expected a time such as 500ms, 1s or 1m30s, got "-1s"'],
    ['--wait=1d', '--wait: expected a time such as 500ms, 1s or 1m30s, got "1d"'],
    ['--wait=', '--wait: expected a time such as 500ms, 1s or 1m30s, got ""'],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${line}`, () => {
      assert.throws(
        () => parseFlags(table, line.split(' ')),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          assert.equal(error.code, 'ERR_USAGE');
          assert.equal(error.message, message);
          return true;
        },
      );
    });
  }

  it('says one line of a stray word that has many', () => {
    assert.throws(
      () => parseFlags(table, ['two\nlines']),
      (error: unknown) => error instanceof UsageError && !error.message.includes('\n'),
    );
    assert.throws(
      () => parseFlags(table, ['--two\nlines']),
      (error: unknown) => error instanceof UsageError && !error.message.includes('\n'),
    );
  });

  it('keeps nothing from one command line to the next', () => {
    parseFlags(table, ['--port=1']);
    assert.equal(parseFlags(table, []).values.port, 443);
  });

  for (const [line, message] of [
    ['--port=-1', '--port: expected a port from 0 (any free one) to 65535, got "-1"'],
    ['--metrics-port=65536', '--metrics-port: expected a port from 0 (any free one) to 65535, got "65536"'],
    ['--lookup-timeout=0', '--lookup-timeout: expected a time of more than 0, got "0"'],
    ['--token-audience=', '--token-audience: expected a text that is not blank, got ""'],
    ['--token-mount-path=', '--token-mount-path: expected a text that is not blank, got ""'],
    [
      '--annotation-prefix=eks.amazonaws.com/',
      '--annotation-prefix: expected a domain name without a slash, such as eks.amazonaws.com, got "eks.amazonaws.com/"',
    ],
    [
      '--annotation-prefix=',
      '--annotation-prefix: expected a domain name without a slash, such as eks.amazonaws.com, got ""',
    ],
  ] as const) {
    it(`refuses ${line}, which would break every pod or none`, () => {
      assert.throws(
        () => parseFlags(serveFlags, [line]),
        (error: unknown) => error instanceof UsageError && error.message === message,
      );
    });
  }
});
