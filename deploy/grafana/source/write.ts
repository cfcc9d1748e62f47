import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DASHBOARDS, renderDashboard } from './dashboards.ts';

/** `npm run dashboards`: writes the dashboards that Grafana imports. */
for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  const file = fileURLToPath(new URL(`../${name}.json`, import.meta.url));
  writeFileSync(file, renderDashboard(dashboard));
}
