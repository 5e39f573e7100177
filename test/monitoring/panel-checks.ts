// What a dashboard's queries give, asked of a Prometheus one by one.
import type { Dashboard } from './dashboard.ts';
import { fillIn } from './dashboard.ts';
import type { Prometheus } from './prometheus.ts';

/** A query and whether it gives any value that can be drawn. */
export type PanelAnswer = { readonly title: string; readonly expr: string; readonly hasValues: boolean };

/** Asks every query of a dashboard over the last seconds; rejects where Prometheus finds a fault in one. */
export async function askPanels(
  dashboard: Dashboard,
  prometheus: Pick<Prometheus, 'queryRange'>,
  options: { readonly rateInterval: string; readonly seconds: number },
): Promise<PanelAnswer[]> {
  const end = Date.now() / 1000;
  const range = { start: end - options.seconds, end, step: 1 };
  const answers: PanelAnswer[] = [];
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr } of targets) {
      const series = await prometheus.queryRange(fillIn(expr, options.rateInterval), range);
      const hasValues = series.some(({ points }) => points.some(([, value]) => Number.isFinite(value)));
      answers.push({ title, expr, hasValues });
    }
  }
  return answers;
}
