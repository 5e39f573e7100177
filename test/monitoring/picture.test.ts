// The picture of the dashboard in the documents: drawn from the dashboard as it is, with something in every panel.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readDashboard } from './dashboard.ts';
import { isDrawn } from './picture/data.ts';
import { picturePath, publishedData } from './picture/documents.ts';
import { drawDashboard } from './picture/draw.ts';
import { multipleFor, shortFigure } from './picture/units.ts';

describe('the picture of the dashboard', () => {
  const dashboard = readDashboard();

  it('is what npm run dashboard:picture -- redraw makes of the dashboard and its figures', () => {
    assert.ok(
      readFileSync(picturePath, 'utf8') === drawDashboard(dashboard, publishedData()),
      'run npm run dashboard:picture -- redraw',
    );
  });

  it('shows each panel that there is, and figures in it', () => {
    const { panels } = publishedData();
    assert.deepEqual(
      panels.map(({ id }) => id),
      dashboard.panels.filter(isDrawn).map(({ id }) => id),
    );
    const titles = new Map(dashboard.panels.map(({ id, title }) => [id, title]));
    const empty = panels.filter(({ lines }) => !lines.some(({ values }) => values.some((value) => value !== null)));
    assert.deepEqual(
      empty.map(({ id }) => titles.get(id)),
      [],
    );
  });

  for (const [unit, value, words] of [
    ['s', 0.0042, '4.2 ms'],
    ['s', 12, '12 s'],
    ['s', 600, '10 min'],
    ['s', 100_800, '28 h'],
    ['s', 604_800, '7 d'],
    ['bytes', 104_857_600, '100 MiB'],
    ['reqps', 12.345, '12.3 req/s'],
    ['short', 1234, '1230'],
  ] as const) {
    it(`writes ${String(value)} of the unit ${unit} as ${words}`, () => {
      const { divisor, suffix } = multipleFor(unit, value);
      assert.equal(`${shortFigure(value / divisor)}${suffix}`, words);
    });
  }
});
