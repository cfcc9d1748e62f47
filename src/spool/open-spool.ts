import { allow, type Decision, deny } from '../core/decision.ts';
import { judgeReading } from '../core/spool/judge-reading.ts';
import { type SpoolEntry, type SpooledRequest, sizeOfEntry } from '../core/spool/spool-entry.ts';
import { type SpoolBounds, type SpoolChange, SpoolIndex } from '../core/spool/spool-index.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim } from '../core/store/group-store.ts';
import type { WholeReading } from '../core/store/whole-reading.ts';
import type { Clock, KeptPush, OperationalLog, Sending, Spool } from '../pipeline/ports.ts';
import { openSpoolDisk, type SpoolDisk } from './spool-disk.ts';
import type { DiskChange } from './spool-file.ts';

/** What the metrics and the audit log are told. */
interface SpoolObserver {
  kept(team: string): void;
  /** The disk did not take something. */
  failed(): void;
  /** One that waits is covered by a later one and will not be sent. */
  replaced(entry: SpoolEntry, by: string): void;
}

interface SpoolOptions {
  readonly directory: string;
  /** Of the configuration in use. */
  readonly bounds: () => SpoolBounds;
  /** Whether what the upstream has lost in a restart is pushed again. */
  readonly isRestoring: boolean;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly observer: SpoolObserver;
}

/** The spool with what only the replay needs. */
export interface OpenedSpool extends Spool {
  readonly index: SpoolIndex;
  readonly disk: SpoolDisk;
  /** Claims of what waits, by sequence number. */
  readonly claims: Map<number, GroupClaim>;
  /** Whether it is on disk: one that is being written may yet be refused. */
  isOnDisk(entry: SpoolEntry): boolean;
  /** Puts a change on disk; rejects when it cannot be. */
  save(change: SpoolChange): Promise<void>;
  /** Judges what is stored by a whole reading of the store. */
  noteReading(reading: WholeReading): Promise<void>;
  close(): Promise<void>;
}

/** A push that is to be kept waits for the disk no longer than this. */
const KEEP_TIMEOUT_MS = 3000;
/** A push that the upstream has waits for the disk no longer than this. */
const NOTE_TIMEOUT_MS = 1000;
/** The same while the disk does not work. */
const BROKEN_TIMEOUT_MS = 50;
/** How long to wait for a gateway that is stopping. */
const LOCK_WAIT_MS = 5000;

/**
 * Opens the spool, and holds it against every other gateway.
 * @throws GatewayError ERR_SPOOL_UNAVAILABLE
 */
export async function openSpool(options: SpoolOptions): Promise<OpenedSpool> {
  const { directory } = options;
  const disk = await openSpoolDisk({ directory, lockWaitMs: LOCK_WAIT_MS });
  return new DiskSpool(options, disk);
}

class DiskSpool implements OpenedSpool {
  readonly index: SpoolIndex;
  readonly disk: SpoolDisk;
  readonly claims = new Map<number, GroupClaim>();
  readonly #options: SpoolOptions;
  /** Pushes that are sent right now, by group. */
  readonly #underWay = new Map<GroupId, number>();
  /** Readings that are judged once what is under way to a group has ended. */
  readonly #unjudged = new Map<GroupId, WholeReading>();
  /** Sequence numbers of what is on its way to the disk. */
  readonly #unwritten = new Set<number>();
  /** What the disk is still to remove, because it failed to. */
  #unremoved: readonly number[] = [];
  #lastFailure: string | undefined;

  constructor(options: SpoolOptions, disk: SpoolDisk) {
    this.#options = options;
    this.disk = disk;
    this.index = new SpoolIndex(options.bounds, disk.entries);
  }

  isWaiting(group: GroupId): boolean {
    return this.index.isWaiting(group);
  }

  hasRoom(): boolean {
    return this.index.hasRoom() && this.#lastFailure === undefined;
  }

  isOnDisk({ seq }: SpoolEntry): boolean {
    return !this.#unwritten.has(seq);
  }

  begin(group: GroupId): Sending {
    this.#underWay.set(group, (this.#underWay.get(group) ?? 0) + 1);
    let isOver = false;
    return {
      sentAt: this.#options.clock.now(),
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        const left = (this.#underWay.get(group) ?? 1) - 1;
        if (left > 0) this.#underWay.set(group, left);
        else this.#underWay.delete(group);
        const found = left > 0 ? undefined : this.#unjudged.get(group);
        if (found !== undefined) void this.#judge(group, found).catch(() => undefined);
      },
    };
  }

  async keep(push: KeptPush): Promise<Decision<undefined>> {
    const kept = this.index.keep(describe(push));
    if (kept.effect === 'deny') return kept;
    const { entry, removed } = kept.value;
    this.claims.set(entry.seq, push.claim);
    try {
      await this.#write(kept.value, push.body, KEEP_TIMEOUT_MS);
    } catch {
      this.claims.delete(entry.seq);
      this.index.remove(entry);
      this.index.putBack(removed);
      return deny('upstream_unreachable', { internal: 'it could not be kept in the spool either' });
    }
    for (const one of removed) this.#giveUp(one, push.requestId);
    this.#options.observer.kept(push.team);
    return allow(undefined);
  }

  async noteStored(push: KeptPush, { sentAt }: Sending): Promise<void> {
    const change = this.index.noteStored(describe(push), sentAt, this.#options.clock.now());
    // A disk that does not work is not waited for by every push.
    const timeoutMs = this.#lastFailure === undefined ? NOTE_TIMEOUT_MS : BROKEN_TIMEOUT_MS;
    try {
      await this.#write(change, push.body, timeoutMs);
    } catch {
      // Older pushes of the group must not come back over this one.
      await this.forget(push.group);
    }
  }

  async forget(group: GroupId): Promise<void> {
    if (this.index.stored(group).length === 0) return;
    await this.save(this.index.forget(group)).catch(() => undefined);
  }

  async save(change: SpoolChange): Promise<void> {
    const written = change.written.map((entry) => ({ entry }));
    await this.#change({ written, removed: change.removed.map(({ seq }) => seq) });
  }

  async noteReading(found: WholeReading): Promise<void> {
    const restored = [...this.index.groups()].map((group) => this.#judge(group, found));
    const count = (await Promise.all(restored)).filter(Boolean).length;
    if (count > 0) this.#options.log.warn('spool_restores', { groups: count });
  }

  close(): Promise<void> {
    return this.disk.close();
  }

  /** Whether the group is pushed again. */
  async #judge(group: GroupId, found: WholeReading): Promise<boolean> {
    this.#unjudged.delete(group);
    const stored = this.index.stored(group);
    if (stored.length === 0) return false;
    if (this.#underWay.has(group)) {
      if (found.isFirst) this.#unjudged.set(group, found);
      return false;
    }
    const pushedAt = found.pushedAt(group);
    const { startedAt, isFirst } = found;
    const verdict = judgeReading(stored, { pushedAt, startedAt, isFirst });
    if (verdict === 'keep') return false;
    const isRestored = verdict === 'restore' && this.#options.isRestoring;
    const change = isRestored ? this.index.restore(group) : this.index.forget(group);
    // What cannot be written now is known all the same, and judged again after a restart.
    await this.save(change).catch(() => undefined);
    return isRestored;
  }

  /** Writes a change in which one entry is new, with its body. */
  async #write({ written, removed }: SpoolChange, body: Uint8Array, timeoutMs: number) {
    const seqs = written.map(({ seq }) => seq);
    for (const seq of seqs) this.#unwritten.add(seq);
    try {
      // A copy without the rest of what it was read into.
      const withBody = written.map((entry) => ({ entry, body: body.slice() }));
      await this.#change({ written: withBody, removed: removed.map(({ seq }) => seq) }, timeoutMs);
    } finally {
      for (const seq of seqs) this.#unwritten.delete(seq);
    }
  }

  /** One that another takes the place of. */
  #giveUp(entry: SpoolEntry, by: string): void {
    const claim = this.claims.get(entry.seq);
    this.claims.delete(entry.seq);
    void claim?.settle('refused');
    if (entry.state === 'waiting' && entry.storedAt === undefined) {
      this.#options.observer.replaced(entry, by);
    }
  }

  async #change(change: DiskChange, timeoutMs?: number): Promise<void> {
    const { log, observer } = this.#options;
    const removed = [...this.#unremoved, ...change.removed];
    this.#unremoved = [];
    try {
      await this.disk.write({ ...change, removed }, timeoutMs);
      if (this.#lastFailure !== undefined) log.info('spool_works_again');
      this.#lastFailure = undefined;
    } catch (error) {
      this.#unremoved = [...this.#unremoved, ...removed];
      const message = error instanceof Error ? error.message : String(error);
      observer.failed();
      if (this.#lastFailure !== message) log.error('spool_failed', { error: message });
      this.#lastFailure = message;
      throw error;
    }
  }
}

function describe({ claim: _, body, ...push }: KeptPush): SpooledRequest {
  return { ...push, bytes: sizeOfEntry(body.byteLength, push.families) };
}
