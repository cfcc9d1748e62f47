import type { FamilyType } from '../exposition/push-content.ts';
import { isObject, type JsonObject } from '../json.ts';
import type { ListedMetrics } from './listing-scanner.ts';

/** The body of the push that would put a listed group into the store once more. */
export interface ListedBody {
  add(listed: ListedMetrics): void;
  /** The text so far, after which the next one begins. */
  take(): string;
}

/**
 * Puts the bodies of groups together from what the API lists. A native histogram, which no text has,
 * is shown as a classic one without buckets.
 * @param maxLength - of one body, in characters: once it is longer nothing is added
 */
export function createListedBody(maxLength: number): ListedBody {
  let text = '';
  let family = '';
  return {
    add({ name, type, metrics }) {
      if (family !== name) {
        text += `# TYPE ${name} ${type === 'native_histogram' ? 'histogram' : type}\n`;
        family = name;
      }
      for (const metric of metrics) {
        if (text.length > maxLength) return;
        if (isObject(metric)) text += renderMetric(name, type, metric);
      }
    },
    take() {
      const taken = text;
      text = '';
      family = '';
      return taken;
    },
  };
}

/** @see pushgateway `api/v1/api.go`, `makeEncodableMetrics` */
function renderMetric(name: string, type: FamilyType, metric: JsonObject): string {
  const labels = isObject(metric['labels']) ? metric['labels'] : {};
  const line = (suffix: string, value: unknown, more: JsonObject = {}): string =>
    `${name}${suffix}${renderLabels({ ...labels, ...more })} ${String(value)}\n`;
  const count = (): string => line('_sum', metric['sum']) + line('_count', metric['count']);
  switch (type) {
    case 'native_histogram':
      return line('_bucket', metric['count'], { le: '+Inf' }) + count();
    case 'histogram': {
      const buckets = { ...objectAt(metric, 'buckets'), '+Inf': metric['count'] };
      const lines = Object.entries(buckets).map(([le, held]) => line('_bucket', held, { le }));
      return lines.join('') + count();
    }
    case 'summary': {
      const held = Object.entries(objectAt(metric, 'quantiles'));
      return held.map(([quantile, value]) => line('', value, { quantile })).join('') + count();
    }
    default:
      return line('', metric['value']);
  }
}

function objectAt(metric: JsonObject, member: string): JsonObject {
  const found = metric[member];
  return isObject(found) ? found : {};
}

/** Without those that are empty, which are the same as none. */
function renderLabels(labels: JsonObject): string {
  const pairs = Object.entries(labels).flatMap(([name, value]) => {
    const text = String(value);
    return text === '' ? [] : [`${name}="${escapeValue(text)}"`];
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
