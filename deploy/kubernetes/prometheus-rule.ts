import { parse } from 'yaml';

/** The groups of a rule file of Prometheus as an object of its operator. */
export function renderPrometheusRule(rules: string): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'pushwarden', labels: { 'app.kubernetes.io/name': 'pushwarden' } },
    spec: { groups: parse(rules).groups },
  };
}
