// The alerts: each fires when it should, stays silent when it should, and tells what to do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { useScope } from '../kubernetes/scope.ts';
import { projectFolder } from '../program.ts';
import { alertsFile, readAlerts } from './alert-rules.ts';
import { requireTool } from './debian-tools.ts';

/** What promtool tests of a rule: the samples of ALERTS at some times. */
type RuleTest = {
  readonly name: string;
  readonly promql_expr_test: readonly { readonly exp_samples: readonly { readonly labels: string }[] }[];
};

const { tests, ...settings } = readTests();
const alerts = readAlerts();
const runbook = readFileSync(join(projectFolder, 'docs/alerts.md'), 'utf8');

function readTests() {
  const text = readFileSync(join(import.meta.dirname, 'alerts.yaml'), 'utf8');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of ours, whose form promtool checks
  return parse(text) as { tests: readonly RuleTest[] };
}

/** Returns what promtool says, and throws with it where it finds a fault. */
function promtool(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(requireTool('promtool'), args, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

/** The labels that an alert has when it fires, by its tests. */
function labelsOf(alert: string): Set<string> {
  const samples = tests
    .filter(({ name }) => name.startsWith(`${alert} `))
    .flatMap((test) => test.promql_expr_test.flatMap(({ exp_samples: expected }) => expected));
  return new Set(samples.flatMap(({ labels }) => [...labels.matchAll(/(\w+)="/g)].map(([, name = '']) => name)));
}

describe('the alerts', function () {
  this.timeout(60_000);
  const scope = useScope();

  it('are rules that Prometheus takes', () => {
    assert.match(promtool('check', 'rules', alertsFile), new RegExp(`SUCCESS: ${String(alerts.length)} rules found`));
  });

  it('are tested, all of them and no others', () => {
    const named = new Set(tests.map(({ name }) => name.split(' ')[0] ?? ''));
    assert.deepEqual([...named].toSorted(), alerts.map(({ alert }) => alert).toSorted());
  });

  for (const { alert } of alerts) {
    for (const [kind, title] of [
      ['fires', 'fires when it should'],
      ['is silent', 'stays silent when it should'],
    ] as const) {
      it(`${alert} ${title}`, async () => {
        const own = tests.filter(({ name }) => name.startsWith(`${alert} ${kind} `));
        assert.ok(own.length > 0, 'there is such a test');
        const expected = own.flatMap((test) => test.promql_expr_test.flatMap((each) => each.exp_samples));
        assert.equal(expected.length > 0, kind === 'fires', 'what is expected is what the name says');
        const folder = await scope.folder();
        const rules = alerts.filter((rule) => rule.alert === alert);
        // The rule alone: promtool evaluates all that it is given, minute by minute.
        writeFileSync(join(folder, 'rule.yaml'), stringify({ groups: [{ name: alert, rules }] }));
        const file = join(folder, 'tests.yaml');
        writeFileSync(file, stringify({ ...settings, rule_files: ['rule.yaml'], tests: own }));
        assert.match(promtool('test', 'rules', file), /SUCCESS/);
      });
    }
  }

  for (const { alert, labels, annotations } of alerts) {
    it(`${alert} says what is wrong, and where to read on`, () => {
      assert.match(labels['severity'] ?? '', /^(critical|warning)$/);
      const { summary = '', description = '', ...others } = annotations;
      assert.match(summary, /^[A-Z].{20,80}[^.]$/, 'a line without a point');
      assert.match(description, /^[A-Z{].{80,}\.$/);
      assert.deepEqual(others, {
        runbook_url: `https://github.com/irsa-webhook/irsa-webhook/blob/main/docs/alerts.md#${alert.toLowerCase()}`,
      });
      const used = [...description.matchAll(/\$labels\.(\w+)/g)].map(([, name = '']) => name);
      assert.deepEqual(
        used.filter((name) => !labelsOf(alert).has(name)),
        [],
        'it uses labels that it has',
      );
    });
  }

  it('have their sections in docs/alerts.md, in order, each with what it means, where to look and what to do', () => {
    const sections = [...runbook.matchAll(/^### (\w+)\n([^]*?)(?=^##|$(?![^]))/gm)];
    assert.deepEqual(
      sections.map(([, title]) => title),
      alerts.map(({ alert }) => alert),
    );
    for (const [, title, body = ''] of sections) {
      for (const part of ['**Means.**', '**Look.**', '**Do.**']) assert.ok(body.includes(part), `${title}: ${part}`);
    }
  });

  it('stand in the table of docs/monitoring.md, with how long they wait and their severity', () => {
    const page = readFileSync(join(projectFolder, 'docs/monitoring.md'), 'utf8');
    const rows = [...page.matchAll(/^\| \[(\w+)\]\(alerts\.md#(\w+)\) \|[^|]*\| ?([^|]*) \| (\w+) \|$/gm)];
    const words: Readonly<Record<string, string>> = { m: ' min', h: ' h' };
    assert.deepEqual(
      rows.map(([, ...cells]) => cells),
      alerts.map(({ alert, for: wait = '', labels }) => [
        alert,
        alert.toLowerCase(),
        wait.replace(/[mh]$/, (unit) => words[unit] ?? unit),
        labels['severity'],
      ]),
    );
  });

  it('ask for metrics of the webhook that there are', () => {
    const documented = readFileSync(join(projectFolder, 'docs/metrics.md'), 'utf8');
    const asked = alerts.flatMap(({ expr }) => expr.match(/\birsa_webhook_\w+/g) ?? []);
    assert.ok(asked.length > 10);
    assert.deepEqual(
      asked.filter((name) => !documented.includes(`| \`${name}\` |`)),
      [],
    );
  });
});
