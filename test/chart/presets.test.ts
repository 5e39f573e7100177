// helm has nothing to say against any preset with any source of certificates.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { presetNames } from './chart.ts';
import { runHelm, tryChart } from './helm.ts';
import { modes, presetWithMode } from './renderings.ts';

describe('helm lint, of its own values and of each preset, with each source of certificates', () => {
  for (const mode of ['self-managed', 'cert-manager', 'secret'] as const) {
    for (const preset of [undefined, ...presetNames()]) {
      it(`${preset ?? 'its own values'}, ${mode}`, () => {
        const rendering = preset === undefined ? { values: modes[mode] } : presetWithMode(preset, mode);
        const { status, output, errors } = tryChart('lint', rendering);
        assert.equal(status, 0, output + errors);
        assert.doesNotMatch(output + errors, /\[(?:WARNING|ERROR)\]/);
      });
    }
  }
});

describe('without helm', () => {
  it('a test fails, and says what to run', () => {
    const empty = mkdtempSync(join(tmpdir(), 'irsa-webhook-chart-'));
    try {
      assert.throws(() => runHelm(['version'], '', { XDG_CACHE_HOME: empty }), /run `npm run tools`$/);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
