// The dashboard of the chart, as its file has it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../program.ts';

/** A query of a panel. */
export type Target = { readonly refId: string; readonly expr: string; readonly legendFormat: string };

/** What Grafana shows in one place. */
export type Panel = {
  readonly id: number;
  readonly type: 'row' | 'stat' | 'timeseries';
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: FieldDefaults };
  readonly targets?: readonly Target[];
};

/** How its values are shown. */
export type FieldDefaults = {
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly custom?: { readonly lineInterpolation: string; readonly stacking: { readonly mode: string } };
  readonly thresholds?: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] };
  readonly mappings?: readonly {
    readonly options: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
  }[];
};

/** A whole dashboard. */
export type Dashboard = {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly Panel[];
};

const file = join(projectFolder, 'manifests/helm/irsa-webhook/files/dashboard.json');

/** Returns the dashboard of the chart. */
export function readDashboard(): Dashboard {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of ours, held to by dashboard.test.ts
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}

/** Returns an expression as Grafana sends it with all replicas of the job `irsa-webhook` chosen. */
export function fillIn(expr: string, rateInterval: string): string {
  return expr
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$job', 'irsa-webhook')
    .replaceAll('$instance', '.+');
}

/** Returns the names of the metrics in an expression that are not Prometheus' own. */
export function metricsIn(expr: string): string[] {
  return expr.match(/\b(irsa_webhook|pod_identity_webhook|process|nodejs|apiserver)_\w+/g) ?? [];
}
