/**
 * The grouping key that Pushgateway stores a group under: the job, and other labels sorted by
 * name, each name once.
 */
export interface GroupingKey {
  readonly job: string;
  readonly labels: readonly GroupingLabel[];
}

export interface GroupingLabel {
  readonly name: string;
  readonly value: string;
}

/** Values that need no encoding in a path and that no router or cleaner touches. */
const PLAIN_VALUE = /^[A-Za-z0-9_.~-]+$/;

/**
 * Renders the one path of a grouping key: job first, other labels sorted, plain where possible,
 * else base64url without padding. It never holds a percent sign, so no decoder between here and
 * any Pushgateway can read it differently.
 * @see pushgateway `handler/push.go`, `splitLabels`
 */
export function renderPushTarget(key: GroupingKey): string {
  const labels = key.labels.map(({ name, value }) => `/${renderPair(name, value)}`);
  return `/metrics/${renderPair('job', key.job)}${labels.join('')}`;
}

function renderPair(name: string, value: string): string {
  if (PLAIN_VALUE.test(value) && value !== '.' && value !== '..') return `${name}/${value}`;
  return `${name}@base64/${Buffer.from(value).toString('base64url') || '='}`;
}

const BASE64_SUFFIX = '@base64';

/**
 * Reads a key back out of what `renderPushTarget` has made of it. A label name that no push can have,
 * with a slash in it, comes back as something else.
 */
export function readPushTarget(canonical: string): GroupingKey {
  const [, , , job = '', ...labels] = canonical.split('/');
  const isEncoded = canonical.startsWith(`/metrics/job${BASE64_SUFFIX}/`);
  const pairs: GroupingLabel[] = [];
  for (let at = 0; at + 1 < labels.length; at += 2) {
    pairs.push(readPair(labels[at] ?? '', labels[at + 1] ?? ''));
  }
  return { job: isEncoded ? decode(job) : job, labels: pairs };
}

function readPair(name: string, value: string): GroupingLabel {
  if (!name.endsWith(BASE64_SUFFIX)) return { name, value };
  return { name: name.slice(0, -BASE64_SUFFIX.length), value: decode(value) };
}

function decode(value: string): string {
  return Buffer.from(value, 'base64url').toString();
}

type LabelsByName = Readonly<Record<string, string>>;

/** Labels as an object of JSON, of name to value. */
export function labelsByName(labels: GroupingKey['labels']): LabelsByName {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

export function isSameKey(a: GroupingKey, b: GroupingKey): boolean {
  return (
    a.job === b.job &&
    a.labels.length === b.labels.length &&
    a.labels.every(({ name, value }, index) => {
      const other = b.labels[index];
      return other?.name === name && other.value === value;
    })
  );
}
