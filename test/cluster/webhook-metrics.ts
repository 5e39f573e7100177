/** What the webhook under test counts. */
import type { WebhookProcess } from './webhook-process.ts';

/** Returns the value of a series, such as `name{label="value"}`; NaN where there is none. */
export async function metricOf(webhook: WebhookProcess, series: string): Promise<number> {
  const port = webhook.log().find(({ message }) => message === 'listening')?.['metricsPort'];
  const response = await fetch(`http://127.0.0.1:${String(port)}/metrics`);
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? Number.NaN);
}

/** Returns how many reviews failed as their account could not be read, or not in time. */
export async function failedLookupsOf(webhook: WebhookProcess): Promise<number> {
  const counts = ['failed', 'timeout'].map((result) =>
    metricOf(webhook, `irsa_webhook_live_lookups_total{result="${result}"}`),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
