// The alerts of the chart, as their file has them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectFolder } from '../program.ts';

/** An alert, as Prometheus has it. */
export type Alert = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

/** The file that Prometheus and the chart take alike. */
export const alertsFile = join(projectFolder, 'manifests/helm/irsa-webhook/files/alerts.yaml');

/** Returns the alerts of that file, of all groups. */
export function readAlerts(): Alert[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of ours, whose form promtool checks
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}
