// The notes that an install ends with: how to see that it works, what fails open, and what an uninstall leaves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/identity/json.ts';
import { projectFolder } from '../program.ts';
import { presetNames } from './chart.ts';
import { renderNotes } from './helm.ts';
import { modes, presetRendering } from './renderings.ts';

describe('the notes of an install', () => {
  it('say how to see that it works, by the names of the release', () => {
    const notes = renderNotes({ namespace: 'identity', values: { fullnameOverride: 'hook', metricsPort: 9_100 } });
    assert.match(notes, /kubectl --namespace identity rollout status deployment\/hook$/m);
    assert.match(notes, /helm test irsa-webhook --namespace identity$/m);
    assert.match(notes, /--dry-run=server/);
    assert.match(notes, /port-forward deployment\/hook 9999:9100/);
    const [metric = ''] = /irsa_webhook_\w+/.exec(notes) ?? [];
    assert.ok(readFileSync(join(projectFolder, 'docs', 'metrics.md'), 'utf8').includes(`\`${metric}\``));
  });

  it('name the annotation, with the prefix of the release', () => {
    assert.match(
      renderNotes({ values: { config: { annotationPrefix: 'id.example.com' } } }),
      /id\.example\.com\/role-arn/,
    );
  });

  it('say which Secrets an uninstall leaves', () => {
    assert.equal(deletedAfter(modes['self-managed']), 'secret,lease irsa-webhook');
    assert.equal(deletedAfter(modes['cert-manager']), 'secret irsa-webhook-tls irsa-webhook-authority');
    const issuerRef = { name: 'ours', kind: 'ClusterIssuer' };
    assert.equal(
      deletedAfter({ certificates: { mode: 'cert-manager', certManager: { issuerRef } } }),
      'secret irsa-webhook-tls',
    );
    assert.equal(deletedAfter(modes.secret), undefined);
    assert.match(
      renderNotes({ values: modes.secret }),
      /wait for the Secret webhook-pair, .* for irsa-webhook\.irsa-webhook\.svc/,
    );
  });

  it('warn of a single replica', () => {
    assert.match(renderNotes({ values: { replicas: 1 } }), /There is one replica/);
    assert.doesNotMatch(renderNotes(), /There is one replica/);
  });

  for (const preset of presetNames()) {
    it(`have no gap with the preset ${preset}`, () => {
      const notes = renderNotes(presetRendering(preset));
      assert.doesNotMatch(notes, /<no value>|%!|\{\{/);
      assert.doesNotMatch(notes, /\n\n\n/);
    });
  }
});

/** Returns what the notes say to delete after an uninstall. */
function deletedAfter(values: JsonObject): string | undefined {
  return /delete (secret.*)$/m.exec(renderNotes({ values }))?.[1];
}
