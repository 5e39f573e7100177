// Holds the documents to the code: flags, annotations, outcomes, links.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { outcomeSentences } from '../../src/admission/outcomes.ts';
import { serveFlags } from '../../src/commands/flags.ts';
import { annotationNames } from '../../src/identity/annotations.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import { readOptOut } from '../../src/identity/opt-out.ts';
import { readPodAnnotations } from '../../src/injection/pod-annotations.ts';
import { defaults } from '../admission/reviews.ts';
import { flagsTable } from './flags-table.ts';

const root = join(import.meta.dirname, '..', '..');

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function firstCells(section: string): string[] {
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? '');
}

const slip = annotationNames.stsRegionalEndpoint;
const slipWarning =
  'account annotation sts-regional-endpoint: "true" is meant for sts-regional-endpoints; it counts all the same';

/** What the program has to say of an object in the documents, by its own functions. */
function warningsAbout(object: JsonObject | undefined): readonly string[] {
  const metadata = asObject(object?.['metadata']);
  const prefix = 'eks.amazonaws.com';
  if (object?.['kind'] === 'ServiceAccount')
    return parseIdentity(asObject(metadata?.['annotations']), defaults).warnings;
  const { warning } = readOptOut(metadata, { owner: 'pod', annotationPrefix: prefix });
  return [...readPodAnnotations(metadata, 86_400, prefix).warnings, ...(warning === undefined ? [] : [warning])];
}

describe('the documents', () => {
  it('have every flag in the README, as the code has it', () => {
    const written = /<!-- flags -->\n\n([^]*?)\n\n<!-- \/flags -->/.exec(read('README.md'))?.[1];
    assert.equal(written, flagsTable(serveFlags), 'put this table into the README');
  });

  it('have every annotation, and no other, in the table of docs/annotations.md', () => {
    const rows = [...read('docs/annotations.md').matchAll(/^\| \[`([^`]+)`\]\(#([^)]+)\) \|/gm)];
    const names = rows.map(([, name]) => name ?? '');
    assert.deepEqual(names.toSorted(), Object.values(annotationNames).toSorted());
    assert.deepEqual(
      names,
      rows.map(([, , anchor]) => anchor),
    );
  });

  for (const name of Object.values(annotationNames)) {
    it(`have an example of ${name} that the program reads${name === slip ? ', with a warning,' : ''} as it is written`, () => {
      const section =
        new RegExp(`^## ${name}\\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(read('docs/annotations.md'))?.[1] ?? '';
      const object = asObject(parse(/```yaml\n([^]*?)```/.exec(section)?.[1] ?? ''));
      const metadata = asObject(object?.['metadata']);
      assert.ok(
        asObject(metadata?.['annotations'])?.[`eks.amazonaws.com/${name}`] !== undefined,
        'it is in its example',
      );
      assert.deepEqual(warningsAbout(object), name === slip ? [slipWarning] : []);
    });
  }

  it('have the annotations of the Go webhook in the README', () => {
    const section = /## Annotations\n([^]*?)\n## /.exec(read('README.md'))?.[1] ?? '';
    const { roleArn, audience, stsRegionalEndpoints, tokenExpiration, skipContainers } = annotationNames;
    const names = [roleArn, audience, stsRegionalEndpoints, tokenExpiration, skipContainers];
    assert.deepEqual(firstCells(section).toSorted(), names.toSorted());
  });

  it('have every outcome with its sentence in docs/outcomes.md, in the order of the code', () => {
    const rows = [...read('docs/outcomes.md').matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)];
    const written = rows.filter(([, word = '']) => !word.includes(' ')).map(([, word, sentence]) => [word, sentence]);
    assert.deepEqual(written, Object.entries(outcomeSentences));
  });

  it('have every metric with its help in docs/metrics.md', async () => {
    const metrics = createMetrics(['injected'], { processMetrics: false });
    const accounts = { role: 0, bare: 0 };
    const state = () => ({ isWatchConnected: true, msSinceSignOfLife: 0, accounts });
    metrics.addAccounts({ relistReasons: [], lookupResults: [], state });
    metrics.addCertificateExpiry({ notAfter: () => undefined });
    metrics.addCertificates({ faultSteps: [], isInSync: () => undefined });
    metrics.addServer({
      handshakeErrorReasons: [],
      shedReasons: [],
      state: () => ({ reviewsInFlight: 0, connections: { webhook: 0, metrics: 0 } }),
    });
    const help = [...(await metrics.render()).body.matchAll(/^# HELP (\w+) (.+)$/gm)].map(
      ([, name = '', text = '']) => `${name}: ${text}`,
    );
    const rows = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \|[^|]*\| ([^|]+) \|$/gm)];
    const written = rows.map(
      ([, name = '', text = '']) => `${name}: ${text.replace(/ The words are those of .*/, '')}`,
    );
    assert.deepEqual(written.toSorted(), help.toSorted());
  });

  it('link only to files that there are', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.md') && !/(^|\/)(node_modules|dist)\//.test(file),
    );
    const links = files.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => ({ file, target: match[1] ?? '' })),
    );
    assert.ok(links.length > 10, 'there are links to look at');
    assert.deepEqual(
      links.filter(({ file, target }) => !existsSync(join(root, dirname(file), target))),
      [],
    );
  });
});
