import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { batchJobs } from './batch-jobs.ts';
import { gateway } from './gateway.ts';

/** Every dashboard, by the name of its file. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  gateway,
  'batch-jobs': batchJobs,
};

/** The text of a dashboard's file. */
export function renderDashboard(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
