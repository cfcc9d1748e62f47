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
