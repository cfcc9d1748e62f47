import { type GroupingKey, renderPushTarget } from '../target/grouping-key.ts';
import type { GroupId } from './group.ts';

/** When a group was last pushed to, as a scrape tells; milliseconds since the epoch, 0 for never. */
export interface GroupStamps {
  readonly id: GroupId;
  pushedAt: number;
  failedAt: number;
}

/** A scrape that came to its end. */
export interface Scrape {
  readonly status: number;
  /** Of its families. */
  readonly names: readonly string[];
  /** What Pushgateway says of itself, in the text format. */
  readonly own: string;
  /** The beginning of what was answered instead of metrics. */
  readonly error: string;
}

/** What is learnt of a store from a scrape in the text format. */
export interface ScrapeScanner {
  add(chunk: Buffer): void;
  /** Names of its families. */
  names(): ReadonlySet<string>;
  /** The stamps of every group. */
  stamps(): Iterable<GroupStamps>;
  /** The families that Pushgateway has of its own, as they came. */
  own(): string;
}

const LINE_END = 0x0a;
const NEXT_FAMILY = '\n# ';
const TYPE = '# TYPE ';
const STAMPS = { push_time_seconds: 'pushedAt', push_failure_time_seconds: 'failedAt' } as const;
const isStamp = (name: string): name is keyof typeof STAMPS => Object.hasOwn(STAMPS, name);

/** Every series that was pushed has a job, and no other has. */
const JOB = /[{,]job="/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Far more than Pushgateway says of itself. */
const MAX_OWN_LENGTH = 1024 * 1024;
/** Far more than any line of a push. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

type Mode = 'unknown' | 'stamps' | 'own' | 'pushed';

/**
 * Creates the scanner of one scrape. Families that were pushed are passed over once their name is
 * known, so that a scrape of any size costs little and is never held.
 * @see prometheus/common `expfmt/text_create.go`, `MetricFamilyToText`
 */
export function createScrapeScanner(): ScrapeScanner {
  return new Scanner();
}

class Scanner implements ScrapeScanner {
  readonly #names = new Set<string>();
  readonly #stamps = new Map<GroupId, GroupStamps>();
  #own = '';
  #name = '';
  #head = '';
  #mode: Mode = 'unknown';
  /** What is cut off waits for the next chunk. */
  #pending: Buffer = Buffer.alloc(0);

  names = (): ReadonlySet<string> => this.#names;
  stamps = (): Iterable<GroupStamps> => this.#stamps.values();
  own = (): string => this.#own;

  add(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = this.#passOver(bytes, 0);
    for (let end = bytes.indexOf(LINE_END, at); end !== -1; end = bytes.indexOf(LINE_END, at)) {
      if (this.#mode === 'pushed') break;
      this.#readLine(bytes.toString('utf8', at, end));
      at = this.#passOver(bytes, end + 1);
    }
    const rest = bytes.subarray(at);
    this.#pending = Buffer.from(rest.length > MAX_LINE_BYTES ? rest.subarray(0, 0) : rest);
  }

  /**
   * Whatever is left of a family that was pushed, but for the line end before the next family.
   * @returns where to go on
   */
  #passOver(bytes: Buffer, at: number): number {
    if (this.#mode !== 'pushed') return at;
    const next = bytes.indexOf(NEXT_FAMILY, Math.max(0, at - 1));
    if (next === -1) return Math.max(0, bytes.lastIndexOf(LINE_END));
    this.#mode = 'unknown';
    return next + 1;
  }

  #readLine(line: string): void {
    if (line.startsWith(TYPE)) this.#readType(line);
    else if (line.startsWith('# ')) this.#mode = 'unknown';
    else this.#readSample(line);
  }

  #readType(line: string): void {
    const declared = line.slice(TYPE.length);
    const written = declared.slice(0, declared.lastIndexOf(' '));
    this.#name = written.startsWith('"') ? unquote(written.slice(1, -1)) : written;
    this.#names.add(this.#name);
    this.#head = `${line}\n`;
    this.#mode = isStamp(this.#name) ? 'stamps' : 'unknown';
  }

  #readSample(line: string): void {
    if (this.#mode === 'unknown') this.#mode = JOB.test(line) ? 'pushed' : 'own';
    if (this.#mode === 'stamps' && isStamp(this.#name)) {
      noteStamp(this.#stamps, line, STAMPS[this.#name]);
    }
    if (this.#mode !== 'own' || this.#own.length > MAX_OWN_LENGTH) return;
    this.#own += `${this.#head}${line}\n`;
    this.#head = '';
  }
}

function noteStamp(
  stamps: Map<GroupId, GroupStamps>,
  line: string,
  which: 'pushedAt' | 'failedAt',
): void {
  const end = line.lastIndexOf('}');
  const id = renderPushTarget(readKey(line.slice(0, end)));
  const seconds = Number(
    line
      .slice(end + 1)
      .trim()
      .split(' ')[0],
  );
  const known = stamps.get(id) ?? { id, pushedAt: 0, failedAt: 0 };
  known[which] = Number.isFinite(seconds) ? seconds * 1000 : 0;
  stamps.set(id, known);
}

function readKey(text: string): GroupingKey {
  let job = '';
  const labels = [];
  for (const [, name = '', written = ''] of text.matchAll(LABEL)) {
    const value = unquote(written);
    if (name === 'job') job = value;
    // Pushgateway gives a group without an instance an empty one.
    else if (name !== 'instance' || value !== '') labels.push({ name, value });
  }
  return { job, labels: labels.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function unquote(inner: string): string {
  if (!inner.includes('\\')) return inner;
  return inner.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
