/** One request of the comparison: what is sent, from where, and what is meant to become of it. */
export interface ComparedRequest {
  /** Unique, in kebab case. */
  readonly name: string;
  /** What it is, for the table. */
  readonly what: string;
  /** The request, byte for byte; several are sent at once. */
  readonly sends: readonly Buffer[];
  /** Address of the client. */
  readonly from: string;
  /** Sent first, each after the answer to the one before. */
  readonly before: readonly { readonly from: string; readonly send: Buffer }[];
  /** The client closes its side after the last byte. */
  readonly isCut: boolean;
  readonly intent: Intent;
}

/** What is meant to become of a request. Whatever it is, other teams and the scrape are unharmed. */
export type Intent =
  /** Answered 2xx, and `groups` are there beside those of `SEEDS` that it does not name. */
  | { readonly effect: 'accept'; readonly groups: readonly Group[] }
  /** Answered 2xx, and the group is gone. */
  | { readonly effect: 'delete'; readonly labels: Labels }
  /** Answered 200, with `shows` in the answer. */
  | { readonly effect: 'read'; readonly shows: string }
  /** Not answered 2xx, and nothing is stored, but for a group that only says that a push failed. */
  | { readonly effect: 'refuse' }
  /** At least one and at most `most` of the requests are answered 2xx. */
  | { readonly effect: 'throttle'; readonly most: number }
  /** Answered in whatever way, as long as nobody else is harmed. */
  | { readonly effect: 'no harm' };

export type Labels = Readonly<Record<string, string>>;

/** A group of the store: its grouping key with the job, and the names of its families. */
export interface Group {
  readonly labels: Labels;
  readonly families: readonly string[];
}

/** What the store holds before every request: target and body of a push. */
export const SEEDS = {
  search: {
    target: '/metrics/job/search_index/instance/a',
    body: '# HELP search_docs Documents.\n# TYPE search_docs gauge\nsearch_docs{customer="acme-holding"} 4711\n',
    group: { labels: { job: 'search_index', instance: 'a' }, families: ['search_docs'] },
  },
  payments: {
    target: '/metrics/job/settlement',
    body: 'payments_rows 1\n',
    group: { labels: { job: 'settlement' }, families: ['payments_rows'] },
  },
} as const;

/** What an answer shows when it tells of the group of `search`. */
export const SECRET = 'acme-holding';

/** Who sends. */
export const AUTHORIZATION = {
  payments: basic('payments', 'payments-password'),
  search: basic('search', 'search-password'),
  prometheus: basic('prometheus', 'prometheus-password'),
  ci: 'Bearer pwt_payments-ci-token-of-the-comparison',
  nightly: 'Bearer pwt_nightly-token-of-the-comparison',
  nobody: undefined,
} as const;
type Sender = keyof typeof AUTHORIZATION;

/** Addresses of the policy. */
export const OFFICE = '127.0.1.10';
export const OTHER_OFFICE = '127.0.1.20';
export const LOAD_BALANCER = '127.0.2.1';
export const ABROAD = '127.0.1.66';

/** The family that a push brings unless its body says otherwise. */
const PUSHED = 'payments_pushed';
const PUSH_BODY = `${PUSHED} 1\n`;

interface MessageOptions {
  readonly as?: Sender;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  /** What the header says; the length of the body when left out, no header when undefined. */
  readonly contentLength?: number | undefined;
}

/** A request, byte for byte; a push by `payments` unless `options` say otherwise. */
export function message(method: string, target: string, options: MessageOptions = {}): Buffer {
  const { as = 'payments', headers = [] } = options;
  const hasBody = method === 'PUT' || method === 'POST';
  const body = Buffer.from(options.body ?? (hasBody ? PUSH_BODY : ''));
  const length = 'contentLength' in options ? options.contentLength : body.length;
  const authorization = AUTHORIZATION[as];
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: push.example.com',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...(length === undefined ? [] : [`Content-Length: ${length}`]),
    ...headers,
    'Connection: close',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** A row of a table; sent once, from the office, unless it says otherwise. */
export function row(
  name: string,
  what: string,
  send: Buffer,
  intent: Intent,
  changes: Partial<ComparedRequest> = {},
): ComparedRequest {
  return { name, what, sends: [send], from: OFFICE, before: [], isCut: false, intent, ...changes };
}

export const refuse = { effect: 'refuse' } as const satisfies Intent;
export const noHarm = { effect: 'no harm' } as const satisfies Intent;

/** A push that is meant to be stored, with the groups that it makes or changes. */
export function accept(...groups: readonly Group[]): Intent {
  return { effect: 'accept', groups };
}

/** A group that one push made. */
export function pushed(labels: Labels, families: readonly string[] = [PUSHED]): Group {
  return { labels, families };
}

/** The value of an `Authorization` header. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
