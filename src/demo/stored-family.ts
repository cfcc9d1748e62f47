import { allow, type Decision } from '../core/decision.ts';
import { type MetricType, SAMPLE_SUFFIXES } from '../core/exposition/push-content.ts';
import { parseTextExposition } from '../core/exposition/text/text-exposition.ts';
import type { GroupingKey } from '../core/target/grouping-key.ts';

/** A metric family of one group, as it was pushed. */
export interface StoredFamily {
  readonly name: string;
  readonly type: MetricType;
  /** Empty when there is none. */
  readonly help: string;
  readonly samples: readonly StoredSample[];
}

/** One line of the text format. */
export interface StoredSample {
  /** With the suffix of a part of a histogram or summary. */
  readonly name: string;
  /** The grouping key's included, sorted by name. */
  readonly labels: readonly Pair[];
  readonly value: string;
}

type Pair = readonly [name: string, text: string];

/** The gateway in front is what limits. */
const UNLIMITED = {
  series: Number.POSITIVE_INFINITY,
  labels: Number.POSITIVE_INFINITY,
  name: Number.POSITIVE_INFINITY,
  labelValue: Number.POSITIVE_INFINITY,
};

const HELP = /^[ \t]*#[ \t]+HELP[ \t]+([^ \t]+)[ \t]?(.*)$/;
const SAMPLE = /^[ \t]*([a-zA-Z_:][\w:]*)[ \t]*(?:\{(.*)\})?[ \t]*([^ \t]+)/;
const LABEL = /([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"/g;

/** Reads the body of a push as Pushgateway stores it. Ends in `body_invalid`. */
export function parseStoredFamilies(
  body: Uint8Array,
  key: GroupingKey,
): Decision<readonly StoredFamily[]> {
  const parsed = parseTextExposition(body, { key, limits: UNLIMITED, watchedLabels: new Set() });
  if (parsed.effect === 'deny') return parsed;
  // The body is sound: from here on its lines need no more than to be taken apart.
  const lines = Buffer.from(body).toString().split('\n');
  const helps = new Map(lines.flatMap(parseHelp));
  const samples = Map.groupBy(
    lines.flatMap((line) => parseSample(line, key)),
    ({ name }) => name,
  );
  const families = parsed.value.families.flatMap(({ name, type }): readonly StoredFamily[] => {
    if (type === 'native_histogram') return []; // the text format has none
    const parts = SAMPLE_SUFFIXES[type].flatMap((suffix) => samples.get(name + suffix) ?? []);
    return [{ name, type, help: helps.get(name) ?? '', samples: parts }];
  });
  return allow(families);
}

function parseHelp(line: string): readonly Pair[] {
  const [, name, help = ''] = HELP.exec(line) ?? [];
  return name === undefined ? [] : [[name, unescapeText(help)]];
}

function parseSample(line: string, key: GroupingKey): readonly StoredSample[] {
  const [, name, inBraces = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) return [];
  const own = [...inBraces.matchAll(LABEL)].map(
    ([, label = '', text = '']): Pair => [label, unescapeText(text)],
  );
  return [{ name, labels: withGroupingLabels(own, key), value }];
}

/**
 * The labels of a series in the store: those of the path win, and one without an instance gets an
 * empty one, so that Prometheus does not put the Pushgateway's own there.
 * @see pushgateway `storage/diskmetricstore.go`, `sanitizeLabels`
 */
export function withGroupingLabels(own: readonly Pair[], key: GroupingKey): readonly Pair[] {
  const grouping = key.labels.map(({ name, value }): Pair => [name, value]);
  const labels = new Map<string, string>([['instance', ''], ...own, ...grouping, ['job', key.job]]);
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
}

function unescapeText(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, code: string) => (code === 'n' ? '\n' : code));
}
