import { allow, type Decision, deny } from '../decision.ts';
import type { GroupId } from '../store/group.ts';
import { covers, listReplaced, type SpoolEntry, type SpooledRequest } from './spool-entry.ts';

/** What a change of the index asks of the disk. */
export interface SpoolChange {
  /** To be written: new, or with another state. */
  readonly written: readonly SpoolEntry[];
  readonly removed: readonly SpoolEntry[];
}

export interface SpoolBounds {
  /** Bytes that may be kept. */
  readonly maxBytes: number;
  /** Milliseconds after which an entry is given up. */
  readonly maxAgeMs: number;
}

/** What waits for the upstream to come back. */
export interface WaitingPushes {
  readonly count: number;
  readonly newest: readonly SpooledRequest[];
}

/** What of a group is kept, in the order of acknowledgement: what is stored before what waits. */
interface KeptGroup {
  stored: SpoolEntry[];
  waiting: SpoolEntry[];
}

/**
 * Knows what is on disk and what that means: which push of a group is next, what takes the place of
 * what, and how much there is. Every method only changes what is known, and says what has to be
 * written for it.
 */
export class SpoolIndex {
  readonly #groups = new Map<GroupId, KeptGroup>();
  /** Those for which something waits, the one that is next first. */
  readonly #queue = new Map<GroupId, KeptGroup>();
  readonly #bounds: () => SpoolBounds;
  #lastSeq = 0;
  #waitingBytes = 0;
  #storedBytes = 0;
  #waitingCount = 0;

  /** @param entries - what the disk has, in any order */
  constructor(bounds: () => SpoolBounds, entries: readonly SpoolEntry[] = []) {
    this.#bounds = bounds;
    for (const entry of entries.toSorted((a, b) => a.seq - b.seq)) {
      this.#add(entry);
      this.#lastSeq = entry.seq;
    }
  }

  /** Bytes of what waits. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Whether one more push of an ordinary size could wait. */
  hasRoom(): boolean {
    return this.#waitingBytes < this.#bounds().maxBytes;
  }

  has({ group, state, seq }: SpoolEntry): boolean {
    return this.#groups.get(group)?.[state].some((one) => one.seq === seq) === true;
  }

  isWaiting(group: GroupId): boolean {
    return (this.#groups.get(group)?.waiting.length ?? 0) > 0;
  }

  /** What waits for one group, in order. */
  waiting(group: GroupId): readonly SpoolEntry[] {
    return this.#groups.get(group)?.waiting ?? [];
  }

  /** What of a group the upstream had acknowledged, in order. */
  stored(group: GroupId): readonly SpoolEntry[] {
    return this.#groups.get(group)?.stored ?? [];
  }

  groups(): Iterable<GroupId> {
    return this.#groups.keys();
  }

  /**
   * The first that waits of each group, of the groups in turns.
   * @param skip - groups to leave out
   */
  heads(count = Number.POSITIVE_INFINITY, skip?: (head: SpoolEntry) => boolean): SpoolEntry[] {
    const heads: SpoolEntry[] = [];
    for (const { waiting } of this.#queue.values()) {
      if (heads.length >= count) break;
      const [head] = waiting;
      if (head !== undefined && skip?.(head) !== true) heads.push(head);
    }
    return heads;
  }

  /**
   * What waits of a team, or of all.
   * @param most - how many of them are named, the newest first
   */
  waitingOf(team: string | undefined, most: number): WaitingPushes {
    const found: SpoolEntry[] = [];
    for (const { waiting } of this.#queue.values()) {
      for (const entry of waiting) if (team === undefined || entry.team === team) found.push(entry);
    }
    const newest = found.sort((a, b) => b.seq - a.seq).slice(0, most);
    return { count: found.length, newest };
  }

  /** When what waits longest was taken; undefined when nothing waits. */
  oldestAt(): number | undefined {
    let oldest: number | undefined;
    for (const { waiting } of this.#queue.values()) {
      const at = waiting[0]?.at;
      if (at !== undefined && (oldest === undefined || at < oldest)) oldest = at;
    }
    return oldest;
  }

  /**
   * Lets a push or delete wait, behind everything of its group. A PUT takes the place of the pushes
   * that wait before it, a POST that of those of which it leaves nothing, up to a DELETE and to what
   * may have been sent already. Ends in `overloaded`.
   */
  keep(request: SpooledRequest): Decision<SpoolChange & { readonly entry: SpoolEntry }> {
    const { maxBytes } = this.#bounds();
    const before = this.waiting(request.group);
    const replaced = listReplaced(before, request);
    const freed = replaced.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#waitingBytes - freed + request.bytes > maxBytes) {
      return deny('overloaded', 'the spool is full: Pushgateway is away for too long');
    }
    const entry: SpoolEntry = {
      ...request,
      seq: this.#nextSeq(),
      state: 'waiting',
      sentAt: undefined,
      storedAt: undefined,
    };
    for (const one of replaced) this.#drop(one);
    this.#add(entry);
    const trimmed = this.#trim(maxBytes);
    return allow({ entry, written: [entry], removed: [...replaced, ...trimmed] });
  }

  /** Notes a push that the upstream has acknowledged without a wait. */
  noteStored(request: SpooledRequest, sentAt: number, storedAt: number): SpoolChange {
    const seq = this.#nextSeq();
    return this.#store({ ...request, seq, state: 'stored', sentAt, storedAt });
  }

  /**
   * Marks what is about to be sent: it may be in the store from now on.
   * @param sentAt - undefined: it was not sent after all
   */
  noteSending(entry: SpoolEntry, sentAt: number | undefined): SpoolEntry {
    const sending: SpoolEntry = { ...entry, sentAt };
    const { waiting } = this.#take(entry.group);
    const place = waiting.findIndex(({ seq }) => seq === entry.seq);
    if (place !== -1) waiting[place] = sending;
    return sending;
  }

  /** The upstream has acknowledged what waited. */
  deliver(entry: SpoolEntry, storedAt: number): SpoolChange {
    this.#drop(entry);
    return this.#store({ ...entry, state: 'stored', storedAt });
  }

  /** Gives one up: it is too old, or the upstream has refused it. */
  remove(entry: SpoolEntry): SpoolChange {
    this.#drop(entry);
    return { written: [], removed: [entry] };
  }

  /** A group is deleted, or somebody else's: nothing of what was stored is to come back. */
  forget(group: GroupId): SpoolChange {
    const removed = [...this.stored(group)];
    for (const one of removed) this.#drop(one);
    return { written: [], removed };
  }

  /** What was stored of a group is to be sent again, before what waits for it already. */
  restore(group: GroupId): SpoolChange {
    const stored = [...this.stored(group)];
    for (const one of stored) this.#drop(one);
    const written = stored.map(
      (one): SpoolEntry => ({ ...one, state: 'waiting', sentAt: undefined }),
    );
    const kept = this.#take(group);
    kept.waiting = [...written, ...kept.waiting];
    if (written.length > 0) this.#queue.set(group, kept);
    for (const one of written) this.#count(one, 1);
    return { written, removed: [] };
  }

  /** Undoes what one that could not be written has taken the place of. */
  putBack(entries: readonly SpoolEntry[]): void {
    for (const entry of entries) {
      this.#add(entry);
      this.#take(entry.group)[entry.state].sort((a, b) => a.seq - b.seq);
    }
  }

  /** What is older than `max_age`, and which of that the upstream never acknowledged. */
  listExpired(now: number): { waiting: readonly SpoolEntry[]; stored: readonly SpoolEntry[] } {
    const { maxAgeMs } = this.#bounds();
    const isOld = (entry: SpoolEntry): boolean => now - entry.at > maxAgeMs;
    const waiting: SpoolEntry[] = [];
    const stored: SpoolEntry[] = [];
    for (const kept of this.#groups.values()) {
      if (kept.waiting.some(isOld)) waiting.push(...kept.waiting.filter(isOld));
      if (kept.stored.some(isOld)) stored.push(...kept.stored.filter(isOld));
    }
    return { waiting, stored };
  }

  #store(entry: SpoolEntry): SpoolChange {
    const covered = this.stored(entry.group).filter((earlier) => covers(entry, earlier));
    for (const one of covered) this.#drop(one);
    this.#add(entry);
    const trimmed = this.#trim(this.#bounds().maxBytes);
    const isKept = !trimmed.some(({ seq }) => seq === entry.seq);
    return { written: isKept ? [entry] : [], removed: [...covered, ...trimmed] };
  }

  /** What waits goes before what only may be needed again: of that, the oldest groups go whole. */
  #trim(maxBytes: number): readonly SpoolEntry[] {
    if (this.#waitingBytes + this.#storedBytes <= maxBytes) return [];
    const kept = [...this.#groups.values()].filter(({ stored }) => stored.length > 0);
    kept.sort((a, b) => (a.stored.at(-1)?.seq ?? 0) - (b.stored.at(-1)?.seq ?? 0));
    const trimmed: SpoolEntry[] = [];
    for (const { stored } of kept) {
      if (this.#waitingBytes + this.#storedBytes <= maxBytes) break;
      const whole = [...stored];
      trimmed.push(...whole);
      for (const one of whole) this.#drop(one);
    }
    return trimmed;
  }

  #add(entry: SpoolEntry): void {
    const kept = this.#take(entry.group);
    kept[entry.state].push(entry);
    if (entry.state === 'waiting') this.#queue.set(entry.group, kept);
    this.#count(entry, 1);
  }

  #drop(entry: SpoolEntry): void {
    const kept = this.#groups.get(entry.group);
    if (kept === undefined) return;
    const entries = kept[entry.state];
    const place = entries.findIndex(({ seq }) => seq === entry.seq);
    if (place === -1) return;
    if (place === 0) entries.shift();
    else entries.splice(place, 1);
    this.#count(entry, -1);
    if (entry.state === 'waiting') {
      // The next of the group has to wait for those of others.
      this.#queue.delete(entry.group);
      if (kept.waiting.length > 0) this.#queue.set(entry.group, kept);
    }
    if (kept.stored.length + kept.waiting.length === 0) this.#groups.delete(entry.group);
  }

  #count({ state, bytes }: SpoolEntry, sign: 1 | -1): void {
    if (state === 'waiting') {
      this.#waitingBytes += sign * bytes;
      this.#waitingCount += sign;
    } else {
      this.#storedBytes += sign * bytes;
    }
  }

  #take(group: GroupId): KeptGroup {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const kept: KeptGroup = { stored: [], waiting: [] };
    this.#groups.set(group, kept);
    return kept;
  }

  #nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }
}
