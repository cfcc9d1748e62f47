import { setTimeout as delay } from 'node:timers/promises';
import { allow, type Decision, deny } from '../core/decision.ts';
import { judgeReading } from '../core/spool/judge-reading.ts';
import { type SpoolEntry, type SpooledRequest, sizeOfEntry } from '../core/spool/spool-entry.ts';
import { type SpoolBounds, type SpoolChange, SpoolIndex } from '../core/spool/spool-index.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim } from '../core/store/group-store.ts';
import type { WholeReading } from '../core/store/whole-reading.ts';
import type { KeptPush, Sending, Spool } from '../pipeline/ports/spool.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import { openSpoolDisk, type SpoolDisk } from './spool-disk.ts';
import { SpoolWriter } from './spool-writer.ts';

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
  /**
   * Puts a change on disk. Never rejects: what the disk does not take is written again with the
   * next change, and by `retry`.
   */
  save(change: SpoolChange): Promise<void>;
  /** Writes what the disk did not take; after a failure, tries whether it takes anything. */
  retry(): Promise<void>;
  /** To be told when something is to be pushed again, before the upstream is in use. */
  onRestored: (() => Promise<unknown>) | undefined;
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
/** What is restored is claimed before the upstream is used, unless that takes longer. */
const RESTORED_TIMEOUT_MS = 2000;
/** How long to wait for a gateway that is stopping. */
const LOCK_WAIT_MS = 5000;

/**
 * Opens the spool, and holds it against every other gateway.
 * @throws GatewayError ERR_SPOOL_UNAVAILABLE
 */
export async function openSpool(options: SpoolOptions): Promise<OpenedSpool> {
  const { directory } = options;
  const disk = await openSpoolDisk({ directory, lockWaitMs: LOCK_WAIT_MS });
  if (disk.damaged > 0) {
    options.log.error('spool_damaged', {
      ...{ lost: disk.damaged, directory },
      why: 'pushes that waited in the spool, or were kept to be restored, cannot be read any more',
    });
  }
  return createSpool(options, disk);
}

/** Creates the spool of a disk that was opened. */
export function createSpool(
  options: Omit<SpoolOptions, 'directory'>,
  disk: SpoolDisk,
): OpenedSpool {
  return new DiskSpool(options, disk);
}

class DiskSpool implements OpenedSpool {
  readonly index: SpoolIndex;
  readonly disk: SpoolDisk;
  readonly claims = new Map<number, GroupClaim>();
  onRestored: OpenedSpool['onRestored'];
  readonly #options: Omit<SpoolOptions, 'directory'>;
  /** Pushes that are sent right now, by group. */
  readonly #underWay = new Map<GroupId, number>();
  /** Readings that are judged once what is under way to a group has ended. */
  readonly #unjudged = new Map<GroupId, WholeReading>();
  readonly #writer: SpoolWriter;
  /** Those that the disk did not take while a later one had taken their place already. */
  readonly #failed = new Set<number>();

  constructor(options: Omit<SpoolOptions, 'directory'>, disk: SpoolDisk) {
    this.#options = options;
    this.disk = disk;
    this.#writer = new SpoolWriter(disk, options);
    this.index = new SpoolIndex(options.bounds, disk.entries);
  }

  isWaiting(group: GroupId): boolean {
    return this.index.isWaiting(group);
  }

  hasRoom(): boolean {
    return this.index.hasRoom() && !this.#writer.isFailing;
  }

  isOnDisk({ seq }: SpoolEntry): boolean {
    return !this.#writer.isWriting(seq);
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
        if (found !== undefined) void this.#judgeLater(group, found);
      },
    };
  }

  async keep(push: KeptPush): Promise<Decision<undefined>> {
    const kept = this.index.keep(describe(push));
    if (kept.effect === 'deny') return kept;
    const { entry, removed } = kept.value;
    this.claims.set(entry.seq, push.claim);
    try {
      await this.#writer.write(entry, push.body, KEEP_TIMEOUT_MS);
    } catch {
      this.#takeBack(entry, removed);
      return deny('upstream_unreachable', { internal: 'it could not be kept in the spool either' });
    }
    const replaced = removed.filter(({ seq }) => !this.#failed.delete(seq));
    for (const one of replaced) this.#giveUp(one, push.requestId);
    // Not with what takes its place: a write that fails must not have removed what was acknowledged.
    if (removed.length > 0) void this.save({ written: [], removed });
    this.#options.observer.kept(push.team);
    return allow(undefined);
  }

  async noteStored(push: KeptPush, { sentAt }: Sending): Promise<void> {
    const change = this.index.noteStored(describe(push), sentAt, this.#options.clock.now());
    // A disk that does not work is not waited for by every push.
    const timeoutMs = this.#writer.isFailing ? BROKEN_TIMEOUT_MS : NOTE_TIMEOUT_MS;
    this.#writer.want({ written: [], removed: change.removed });
    const [entry] = change.written;
    try {
      if (entry !== undefined) await this.#writer.write(entry, push.body, timeoutMs);
    } catch {
      // Older pushes of the group must not come back over this one.
      await this.forget(push.group);
    }
  }

  async forget(group: GroupId): Promise<void> {
    if (this.index.stored(group).length > 0) await this.save(this.index.forget(group));
  }

  save(change: SpoolChange): Promise<void> {
    return this.#writer.save(change);
  }

  retry(): Promise<void> {
    return this.#writer.retry();
  }

  async noteReading(found: WholeReading): Promise<void> {
    const changes = [...this.index.groups()].flatMap((group) => this.#judge(group, found) ?? []);
    if (changes.length === 0) return;
    await this.save(join(changes));
    await this.#tellRestored(changes);
  }

  close(): Promise<void> {
    return this.disk.close();
  }

  /** What a reading means for what is stored of a group. */
  #judge(group: GroupId, found: WholeReading): JudgedChange | undefined {
    this.#unjudged.delete(group);
    const stored = this.index.stored(group);
    if (stored.length === 0) return undefined;
    if (this.#underWay.has(group)) {
      if (found.isFirst) this.#unjudged.set(group, found);
      return undefined;
    }
    const pushedAt = found.pushedAt(group);
    const { startedAt, isFirst } = found;
    const verdict = judgeReading(stored, { pushedAt, startedAt, isFirst });
    if (verdict === 'keep') return undefined;
    const isRestored = verdict === 'restore' && this.#options.isRestoring;
    return { ...(isRestored ? this.index.restore(group) : this.index.forget(group)), isRestored };
  }

  async #judgeLater(group: GroupId, found: WholeReading): Promise<void> {
    const change = this.#judge(group, found);
    if (change === undefined) return;
    await this.save(change);
    await this.#tellRestored([change]);
  }

  async #tellRestored(changes: readonly JudgedChange[]): Promise<void> {
    const groups = changes.filter(({ isRestored }) => isRestored).length;
    if (groups === 0) return;
    this.#options.log.warn('spool_restores', { groups });
    await Promise.race([
      this.onRestored?.(),
      delay(RESTORED_TIMEOUT_MS, undefined, { ref: false }),
    ]);
  }

  /** Undoes what was to be kept and is not on disk, or not in time. */
  #takeBack(entry: SpoolEntry, removed: readonly SpoolEntry[]): void {
    this.claims.delete(entry.seq);
    if (!this.index.has(entry)) this.#failed.add(entry.seq);
    const change = this.index.remove(entry);
    this.index.putBack(removed.filter(({ seq }) => !this.#failed.delete(seq)));
    void this.save(change);
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
}

type JudgedChange = SpoolChange & { readonly isRestored: boolean };

function join(changes: readonly SpoolChange[]): SpoolChange {
  return {
    written: changes.flatMap(({ written }) => written),
    removed: changes.flatMap(({ removed }) => removed),
  };
}

function describe({ claim: _, body, ...push }: KeptPush): SpooledRequest {
  return { ...push, bytes: sizeOfEntry(body.byteLength, push.families) };
}
