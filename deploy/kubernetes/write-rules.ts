import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { renderPrometheusRule } from './prometheus-rule.ts';

/** `npm run rules`: writes the alerts as the Prometheus operator wants them, and for the chart. */
const rules = readFileSync(new URL('../prometheus/rules.yml', import.meta.url), 'utf8');
writeFileSync(
  new URL('monitoring/prometheus-rule.yaml', import.meta.url),
  `# Written by "npm run rules" from deploy/prometheus/rules.yml.\n${stringify(renderPrometheusRule(rules), { lineWidth: 0 })}`,
);
writeFileSync(new URL('../helm/pushwarden/files/rules.yml', import.meta.url), rules);
