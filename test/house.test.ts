// The rules of the house: one breach of each is planted in a copy of its rooms, and the linter must report every one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { asArray, asObject, asString } from '../src/identity/json.ts';
import { projectFolder } from './program.ts';

/** Which room may import which (the design's import directions). */
const directions: Readonly<Record<string, readonly string[]>> = {
  accounts: ['identity', 'kubernetes', 'files'],
  admission: ['injection', 'identity'],
  certificates: ['kubernetes', 'files'],
  commands: [
    'accounts',
    'admission',
    'certificates',
    'files',
    'identity',
    'injection',
    'kubernetes',
    'observability',
    'server',
  ],
  files: [],
  identity: [],
  injection: ['identity'],
  kubernetes: [],
  observability: [],
  server: ['admission'],
};
const rooms = Object.keys(directions);
const pureRooms = ['identity', 'injection'];

/** The one file that may import client-node. */
const kubeconfigFile = 'src/kubernetes/kubeconfig.ts';

/** A file and the rule that must report it; without one nothing may be reported of it. */
type Plant = { readonly name: string; readonly file: string; readonly text: string; readonly rule?: string };

const restrictedImport = 'eslint(no-restricted-imports)';
const restrictedGlobal = 'eslint(no-restricted-globals)';

const valueFrom = (path: string): string => `import { planted } from '${path}';\nexport const copy = planted;\n`;
const typeFrom = (path: string): string => `import type { Planted } from '${path}';\nexport type Copy = Planted;\n`;

function directionPlants(): Plant[] {
  return rooms.flatMap((from) =>
    rooms
      .filter((to) => to !== from)
      .flatMap((to) => {
        const allowed = directions[from]?.includes(to) === true;
        const rule = allowed ? {} : { rule: restrictedImport };
        const file = `src/${from}/imports-${to}.ts`;
        return [
          { name: `${from} -> ${to}`, file, text: valueFrom(`../${to}/planted.ts`), ...rule },
          {
            name: `${from} -> ${to}, loaded late`,
            file: file.replace('imports', 'loads'),
            text: `export const late = import('../${to}/planted.ts');\n`,
            ...rule,
          },
          {
            name: `${from} -> ${to}, passed on`,
            file: file.replace('imports', 'exports'),
            text: `export { planted } from '../${to}/planted.ts';\n`,
            ...rule,
          },
        ];
      }),
  );
}

/** Rooms stay flat today; one that has a folder inside keeps to its directions all the same. */
function deepPlants(): Plant[] {
  return rooms
    .filter((room) => !['commands', ...pureRooms].includes(room))
    .map((room) => ({
      name: `${room}, from a folder inside -> commands`,
      file: `src/${room}/deep/imports-commands.ts`,
      text: valueFrom('../../commands/planted.ts'),
      rule: restrictedImport,
    }));
}

function mainPlants(): Plant[] {
  return rooms
    .filter((room) => room !== 'commands')
    .map((room) => ({
      name: `${room} -> main.ts`,
      file: `src/${room}/imports-main.ts`,
      text: valueFrom('../main.ts'),
      rule: restrictedImport,
    }));
}

const accountsTypes: readonly Plant[] = [
  {
    name: 'admission -> types of accounts',
    file: 'src/admission/imports-types.ts',
    text: typeFrom('../accounts/planted.ts'),
  },
  {
    name: 'server -> types of accounts',
    file: 'src/server/imports-types.ts',
    text: typeFrom('../accounts/planted.ts'),
    rule: restrictedImport,
  },
];

const impurities: readonly (readonly [name: string, text: string, rule: string])[] = [
  ['a Node module', "import { join } from 'node:path';\nexport const path = join('a', 'b');\n", restrictedImport],
  [
    'a type of a Node module',
    "import type { Server } from 'node:net';\nexport type Copy = Server;\n",
    restrictedImport,
  ],
  ['a package', "import { stringify } from 'yaml';\nexport const yaml = stringify(1);\n", restrictedImport],
  ['the clock', 'export const now = Date.now();\n', restrictedGlobal],
  ['the fine clock', 'export const now = performance.now();\n', restrictedGlobal],
  ['chance', 'export const chance = Math.random();\n', 'eslint(no-restricted-properties)'],
  ['secure chance', 'export const chance = crypto.randomUUID();\n', restrictedGlobal],
  ['the console', "console.log('hello');\n", restrictedGlobal],
  ['a timer', 'setTimeout(() => undefined, 1);\n', restrictedGlobal],
  ['a timer that repeats', 'setInterval(() => undefined, 1);\n', restrictedGlobal],
  ['a turn of the loop', 'setImmediate(() => undefined);\n', restrictedGlobal],
  ['a microtask', 'queueMicrotask(() => undefined);\n', restrictedGlobal],
  ['the network', "export const answer = fetch('https://example.com');\n", restrictedGlobal],
  ['the process', 'export const id = process.pid;\n', restrictedGlobal],
  ['the clock, by the global object', 'export const now = globalThis.Date.now();\n', restrictedGlobal],
  ['bytes of Node', "export const bytes = Buffer.from('a');\n", restrictedGlobal],
];

function impurePlants(): Plant[] {
  return pureRooms.flatMap((room) =>
    impurities.map(([name, text, rule], index) => ({
      name: `${room} -> ${name}`,
      file: `src/${room}/impure-${String(index)}.ts`,
      text,
      rule,
    })),
  );
}

function onlyPlacePlants(): Plant[] {
  const client = "import { KubeConfig } from '@kubernetes/client-node';\nexport const config = new KubeConfig();\n";
  const perRoom = rooms.flatMap((room): Plant[] => [
    { name: `${room} -> client-node`, file: `src/${room}/client.ts`, text: client, rule: restrictedImport },
    {
      name: `${room} -> process.exit`,
      file: `src/${room}/exit.ts`,
      text: 'export function end(): void {\n  process.exit(1);\n}\n',
      rule: pureRooms.includes(room) ? restrictedGlobal : 'unicorn(no-process-exit)',
    },
    {
      name: `${room} -> process.env`,
      file: `src/${room}/environment.ts`,
      text: "export const home = process.env['HOME'];\n",
      rule: 'node(no-process-env)',
    },
    {
      name: `${room} -> node:process`,
      file: `src/${room}/process.ts`,
      text: "import { env } from 'node:process';\nexport const home = env['HOME'];\n",
      rule: restrictedImport,
    },
  ]);
  return [
    ...perRoom,
    {
      name: 'kubeconfig.ts -> identity, beside client-node',
      file: kubeconfigFile,
      text: `${client}${valueFrom('../identity/planted.ts')}`,
      rule: restrictedImport,
    },
    {
      name: 'main.ts -> process.exit, process.env and commands',
      file: 'src/main.ts',
      text:
        "import { planted } from './commands/planted.ts';\nexport { planted };\n" +
        "if (process.env['HOME'] === undefined) process.exit(planted);\n",
    },
  ];
}

const habits: readonly Plant[] = [
  {
    name: 'a promise that nobody waits for',
    file: 'src/server/floating.ts',
    text: 'async function later(): Promise<void> {\n  await Promise.resolve();\n}\nlater();\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    name: 'any',
    file: 'src/server/any.ts',
    text: 'export function show(value: any): string {\n  return String(value);\n}\n',
    rule: 'typescript(no-explicit-any)',
  },
  {
    name: 'a default export',
    file: 'src/server/default.ts',
    text: 'export default function none(): void {}\n',
    rule: 'import(no-default-export)',
  },
];

const plants = [
  ...directionPlants(),
  ...deepPlants(),
  ...mainPlants(),
  ...accountsTypes,
  ...impurePlants(),
  ...onlyPlacePlants(),
  ...habits,
];

/** Writes the rooms with all plants into a folder and returns the rules that each file breaks. */
function lint(folder: string): Map<string, string[]> {
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
    copyFileSync(join(projectFolder, file), join(folder, file));
  }
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  for (const room of rooms)
    write(`src/${room}/planted.ts`, 'export const planted = 1;\nexport type Planted = number;\n');
  for (const { file, text } of plants) write(file, text);

  const program = join(projectFolder, 'node_modules/oxlint/bin/oxlint');
  const { stdout, stderr } = spawnSync(process.execPath, [program, '--format', 'json', 'src'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(stderr, '');
  const report: unknown = JSON.parse(stdout);
  const broken = new Map<string, string[]>();
  for (const entry of asArray(asObject(report)?.['diagnostics']) ?? []) {
    const file = asString(asObject(entry)?.['filename']) ?? '';
    broken.set(file, [...(broken.get(file) ?? []), asString(asObject(entry)?.['code']) ?? '']);
  }
  return broken;
}

describe('the house', () => {
  let folder: string;
  let broken = new Map<string, string[]>();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'irsa-webhook-house-'));
    broken = lint(folder);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has exactly the rooms whose directions are tested here', () => {
    const entries = readdirSync(join(projectFolder, 'src'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(folders.toSorted(), rooms);
  });

  it('has no two plants in one file', () => {
    assert.equal(new Set(plants.map(({ file }) => file)).size, plants.length);
  });

  it('allows kubeconfig.ts -> client-node: only its other import is reported', () => {
    assert.deepEqual(broken.get(kubeconfigFile), [restrictedImport]);
  });

  for (const { name, file, rule } of plants) {
    it(rule === undefined ? `allows ${name}` : `forbids ${name}`, () => {
      const rules = broken.get(file) ?? [];
      if (rule === undefined) assert.deepEqual(rules, []);
      else assert.ok(rules.includes(rule), `expected ${rule} in ${file}, got ${rules.join(', ') || 'nothing'}`);
    });
  }
});
