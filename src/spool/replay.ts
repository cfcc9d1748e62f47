import { type Deny, deny } from '../core/decision.ts';
import { CONTENT_TYPES } from '../core/exposition/media-type.ts';
import { isOvertaken } from '../core/spool/judge-reading.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import type { GroupId } from '../core/store/group.ts';
import { createSteadyTime } from '../core/store/steady-time.ts';
import { isUndelivered, type Judgement, judgeOutcome } from '../core/store/upstream-outcome.ts';
import type { Upstream, UpstreamRequest } from '../pipeline/ports/upstream.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import { SpoolDiskError } from './spool-disk.ts';
import { type ClaimingOptions, isRestored, WaitingClaims } from './waiting-claims.ts';

/** How what waited has ended. */
export interface SpoolEnd {
  readonly outcome: 'delivered' | 'expired' | 'rejected';
  readonly entry: SpoolEntry;
  /** Why it was rejected. */
  readonly refusal?: Deny;
  readonly upstreamStatus?: number;
}

interface ReplayOptions extends ClaimingOptions {
  /** Lends the way to the upstream in use. */
  readonly upstream: () => Upstream;
  /** Whether the upstream is there and what it holds is known. */
  readonly isUp: () => boolean;
  /** Reads the store anew; whether that went well. */
  readonly refresh: () => Promise<boolean>;
  /** Why a team may not make a push any more that it could when it was kept. */
  readonly checkRights: (entry: SpoolEntry) => Deny | undefined;
  /** Whether a group whose last push is so old would expire at once. */
  readonly isDue: (group: GroupId, lastPushAt: number) => boolean;
  readonly timeoutMs: () => number;
  readonly maxAgeMs: number;
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Resolves when it is recorded. */
  readonly onEnd: (end: SpoolEnd) => Promise<void>;
}

/** Groups that are sent at the same time: most connections stay for new pushes. */
const PARALLEL = 4;
/** Pushes that are marked as being sent together. */
const BATCH = 64;
/** After a round in which something failed: the next waits, twice as long each time. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;

/**
 * How it ended to send one: `done`, however it did; `again`: it may be in the store, and is to be
 * sent again; `unsent`: it certainly never went out.
 */
type SendingEnd = 'done' | 'again' | 'unsent';

/** Sends what waits once the upstream is back, and gives up what is too old. */
export class SpoolReplay {
  readonly #options: ReplayOptions;
  readonly #claims: WaitingClaims;
  /** By which what waits grows old: a clock that jumps forward ends nothing. */
  readonly #age = createSteadyTime();
  #running: Promise<boolean> | undefined;
  #pauseMs = 0;
  #notBefore = 0;
  #isOver = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#claims = new WaitingClaims(options);
    options.spool.onRestored = () => this.claimWaiting().catch(() => undefined);
  }

  /** @see WaitingClaims.noteSupposed */
  noteSupposed(): void {
    this.#claims.noteSupposed();
  }

  /** One round, shared by all who ask for one; whether it came to its end. Never rejects. */
  run(): Promise<boolean> {
    this.#running ??= this.#round()
      .then(() => true)
      .catch((error) => {
        this.#options.log.error('spool_not_replayed', { error: String(error) });
        this.#noteFailure();
        return false;
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  /** Ends the round that is under way, after what is being sent. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** @see WaitingClaims.claimAll */
  async claimWaiting(): Promise<void> {
    using upstream = this.#options.upstream();
    await this.#claims.claimAll(upstream.store);
  }

  async #round(): Promise<void> {
    const { spool, isUp, clock, refresh } = this.#options;
    await spool.retry();
    await this.#expire();
    // Another outage says nothing of what failed before it.
    if (!isUp()) this.#notBefore = Number.NEGATIVE_INFINITY;
    if (spool.index.waitingCount === 0 || !isUp() || clock.monotonic() < this.#notBefore) return;
    await this.claimWaiting();
    if (!(await refresh())) return;
    await this.#rejectOvertaken();
    await this.#rejectUnproved();
    const failed = new Set<GroupId>();
    for (;;) {
      const isLeftOut = (head: SpoolEntry) => failed.has(head.group) || !spool.isOnDisk(head);
      const next = spool.index.heads(BATCH, isLeftOut);
      if (next.length === 0) break;
      await this.#sendAll(next, failed);
      if (!isUp() || this.#isOver) break;
    }
    if (failed.size > 0) this.#noteFailure();
    else this.#pauseMs = 0;
  }

  async #sendAll(heads: readonly SpoolEntry[], failed: Set<GroupId>): Promise<void> {
    const { spool, clock, isUp } = this.#options;
    const now = clock.now();
    const sending = heads.map((head) => (head.sentAt ? head : spool.index.noteSending(head, now)));
    await spool.save({ written: sending, removed: [] });
    const left = [...sending];
    const unsent: SpoolEntry[] = [];
    const work = async (): Promise<void> => {
      for (let entry = left.shift(); entry !== undefined; entry = left.shift()) {
        const end = this.#isOver || !isUp() ? 'unsent' : await this.#send(entry);
        if (end !== 'done') failed.add(entry.group);
        // What may have been sent before stays marked.
        if (end === 'unsent' && !heads.includes(entry)) unsent.push(entry);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    if (unsent.length === 0) return;
    const written = unsent.map((entry) => spool.index.noteSending(entry, undefined));
    await spool.save({ written, removed: [] });
  }

  async #send(entry: SpoolEntry): Promise<SendingEnd> {
    const { spool, clock } = this.#options;
    if (await this.#isGivenUp(entry)) return 'done';
    using upstream = this.#options.upstream();
    const body = await this.#readBody(entry);
    if (body === 'unreadable') return 'unsent';
    if (body === 'lost') {
      await this.#reject(entry, { refusal: deny('internal_error', 'what was kept of it is lost') });
      return 'done';
    }
    // What is claimed already is counted by quotas, and what was stored before was counted then.
    const isCounted = spool.claims.has(entry.seq) || isRestored(entry);
    const claim = await this.#claims.claim(upstream.store, entry, body, isCounted);
    if (claim.effect === 'deny') {
      if (claim.reason === 'overloaded') return 'unsent';
      await this.#reject(entry, { refusal: claim });
      return 'done';
    }
    const outcome = await upstream.send(this.#render(entry, body));
    const judged = judgeOutcome(entry.method, outcome);
    await claim.value.settle(judged.end);
    if (judged.end === 'stored') {
      const status = outcome.kind === 'answered' ? { upstreamStatus: outcome.status } : {};
      // Recorded twice if the gateway is killed in between, and sent twice: never not at all.
      await this.#options.onEnd({ outcome: 'delivered', entry, ...status });
      await spool.save(spool.index.deliver(entry, clock.now()));
      this.#claims.release(entry);
      return 'done';
    }
    if (isUndelivered(outcome)) return 'unsent';
    if (judged.end !== 'rejected') return 'again';
    this.#claims.release(entry);
    await this.#tidy(upstream, entry);
    await this.#reject(entry, refusalOf(judged));
    return 'done';
  }

  /** Whether it is not to be sent any more; it has ended then. */
  async #isGivenUp(entry: SpoolEntry): Promise<boolean> {
    const { spool, isDue, checkRights } = this.#options;
    // What the upstream had and lost is as if it had stayed there.
    const refusal = isRestored(entry) ? undefined : checkRights(entry);
    if (refusal !== undefined) {
      await this.#reject(entry, { refusal });
      return true;
    }
    if (!isRestored(entry) || entry.method === 'DELETE') return false;
    const last = spool.index.waiting(entry.group).reduce((at, one) => Math.max(at, one.at), 0);
    if (!isDue(entry.group, last)) return false;
    await this.#giveUp(entry);
    return true;
  }

  /** One that cannot be read does not hold up the others; what never will be, is given up. */
  async #readBody({ seq }: SpoolEntry): Promise<Uint8Array | 'lost' | 'unreadable'> {
    const { spool, log } = this.#options;
    try {
      return (await spool.disk.body(seq)) ?? 'lost';
    } catch (error) {
      if (error instanceof SpoolDiskError && error.isDamaged) return 'lost';
      log.error('spooled_push_not_read', { error: String(error) });
      return 'unreadable';
    }
  }

  async #tidy(upstream: Upstream, entry: SpoolEntry): Promise<void> {
    if (entry.method === 'DELETE') return;
    const remove: SpoolEntry = { ...entry, method: 'DELETE' };
    await upstream.tidy(entry.group, () => upstream.send(this.#render(remove, NO_BODY)));
  }

  async #reject(entry: SpoolEntry, why: Pick<SpoolEnd, 'refusal' | 'upstreamStatus'>) {
    const { spool, onEnd } = this.#options;
    await onEnd({ outcome: 'rejected', entry, ...why });
    await spool.save(spool.index.remove(entry));
    this.#claims.release(entry);
  }

  /** An older push never goes over a newer one of somebody else. */
  async #rejectOvertaken(): Promise<void> {
    const { spool } = this.#options;
    using upstream = this.#options.upstream();
    for (const { group } of spool.index.heads()) {
      const { pushedAt } = upstream.store.group(group) ?? {};
      const waiting = [...spool.index.waiting(group)];
      if (!isOvertaken(waiting, spool.index.stored(group), pushedAt)) continue;
      const older = waiting.filter(({ at }) => at < (pushedAt ?? 0));
      const refusal = deny('inconsistent', 'a newer push of somebody else is in the group');
      for (const entry of older) await this.#reject(entry, { refusal });
    }
  }

  /** What was taken while nobody knew what the store holds may be too much. */
  async #rejectUnproved(): Promise<void> {
    using upstream = this.#options.upstream();
    for await (const { entry, refusal } of this.#claims.prove(upstream.store)) {
      await this.#reject(entry, { refusal });
    }
  }

  async #expire(): Promise<void> {
    const { spool, clock, maxAgeMs } = this.#options;
    const monotonic = clock.monotonic();
    this.#age.note(clock.now(), monotonic);
    const now = this.#age.at(monotonic, maxAgeMs) ?? clock.now();
    const { waiting, stored } = spool.index.listExpired(now);
    if (waiting.length + stored.length === 0) return;
    for (const entry of waiting) await this.#giveUp(entry);
    const removed = stored.flatMap((one) => spool.index.remove(one).removed);
    await spool.save({ written: [], removed });
  }

  async #giveUp(entry: SpoolEntry): Promise<void> {
    const { spool, onEnd } = this.#options;
    await onEnd({ outcome: 'expired', entry });
    await spool.save(spool.index.remove(entry));
    this.#claims.release(entry);
  }

  #render({ group, method, mediaType, requestId }: SpoolEntry, body: Uint8Array): UpstreamRequest {
    const deadline = this.#options.clock.monotonic() + this.#options.timeoutMs();
    const common = { path: group, requestId, deadline };
    if (method === 'DELETE') return { ...common, method, contentType: undefined, body: undefined };
    return { ...common, method, contentType: CONTENT_TYPES[mediaType], body };
  }

  #noteFailure(): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs));
    this.#notBefore = this.#options.clock.monotonic() + this.#pauseMs;
  }
}

const NO_BODY = new Uint8Array();

function refusalOf({ decision }: Judgement): Pick<SpoolEnd, 'refusal'> {
  return decision.effect === 'deny' ? { refusal: decision } : {};
}
