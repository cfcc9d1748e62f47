import { listFamilies, type StoredGroup } from './store-groups.ts';
import type { StoredFamily, StoredSample } from './stored-family.ts';

/** Renders what Prometheus scrapes, in the text format 0.0.4. */
export function renderScrape(groups: readonly StoredGroup[]): string {
  const families = Map.groupBy(groups.flatMap(listFamilies), ({ name }) => name);
  const blocks = [...families].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, same]) => same);
  return blocks.map(renderFamily).join('');
}

function renderFamily(same: readonly StoredFamily[]): string {
  const [first] = same;
  if (first === undefined) return '';
  const { name, type, help } = first;
  const head = help === '' ? '' : `# HELP ${name} ${escapeText(help)}\n`;
  const lines = same.flatMap(({ samples }) => samples).map(renderSample);
  return `${head}# TYPE ${name} ${type}\n${lines.join('')}`;
}

function renderSample({ name, labels, value }: StoredSample): string {
  const pairs = labels.map(([label, text]) => `${label}="${escapeText(text, /[\\\n"]/g)}"`);
  return `${name}{${pairs.join(',')}} ${value}\n`;
}

function escapeText(text: string, special = /[\\\n]/g): string {
  return text.replace(special, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

/**
 * Renders the answer of `/api/v1/metrics`.
 * @see pushgateway `api/v1/api.go`, `metrics`
 */
export function renderMetricsApi(groups: readonly StoredGroup[]): object {
  const data = groups.map((group) => ({
    labels: Object.fromEntries([
      ['job', group.key.job],
      ...group.key.labels.map(({ name, value }) => [name, value]),
    ]),
    last_push_successful: group.failedAt <= group.pushedAt,
    ...Object.fromEntries(
      listFamilies(group).map((family) => [
        family.name,
        {
          time_stamp: new Date(Math.max(group.pushedAt, group.failedAt) * 1000).toISOString(),
          type: family.type.toUpperCase(),
          ...(family.help !== '' && { help: family.help }),
          metrics: listMetrics(family),
        },
      ]),
    ),
  }));
  return { status: 'success', data };
}

/** The label that sets the parts of a metric apart, and what the API calls them. */
const BOUNDS = {
  histogram: { label: 'le', parts: 'buckets' },
  summary: { label: 'quantile', parts: 'quantiles' },
} as const;

interface Metric {
  readonly labels: object;
  /** `value`, `sum`, `count`. */
  readonly [part: string]: unknown;
}

/** One for each label set; the parts of a histogram or summary are one together. */
function listMetrics({ name, type, samples }: StoredFamily): readonly Metric[] {
  const bound = type === 'histogram' || type === 'summary' ? BOUNDS[type] : undefined;
  const metrics = new Map<string, Metric>();
  for (const sample of samples) {
    const labels = new Map(sample.labels);
    const limit = bound && labels.get(bound.label);
    if (bound) labels.delete(bound.label);
    const identity = JSON.stringify([...labels]);
    const metric = metrics.get(identity) ?? { labels: Object.fromEntries(labels) };
    const part =
      bound && limit !== undefined
        ? { [bound.parts]: Object.assign({}, metric[bound.parts], { [limit]: sample.value }) }
        : { [sample.name.slice(name.length + 1) || 'value']: sample.value };
    metrics.set(identity, { ...metric, ...part });
  }
  return [...metrics.values()];
}
