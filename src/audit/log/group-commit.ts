import type { ChainHead } from '../../core/audit/audit-chain.ts';
import { renderEntry, renderTime } from '../../core/audit/audit-entry.ts';
import type { AuditEvent, RecoveryCause } from '../../core/audit/audit-record.ts';
import { isBeginning } from '../../core/audit/is-beginning.ts';
import { GatewayError } from '../../core/errors.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Committed, Failed, WriterReply, WriterRequest } from '../writer/writer-messages.ts';
import type { CommitObserver } from './commit-observer.ts';
import { type Entry, EntryQueue, type Waiter } from './entry-queue.ts';
import { Gathering } from './gathering.ts';
import { Outage } from './outage.ts';

/** Characters of entries that one batch takes: the whole queue most of the time. */
const BATCH_LENGTH = 1024 * 1024;
/** Entries that are worth a batch as they are. */
const MANY = 16;
/** A small batch shows as well whether a broken disk is back. */
const PROBE_LENGTH = 64 * 1024;

const STALLED = 'the disk does not answer';
const CLOSED = new GatewayError('ERR_AUDIT_UNAVAILABLE', 'the audit log is closed');

export interface GroupCommitOptions {
  /** Whether callers go on when their events cannot be written. */
  readonly onFailure: 'deny' | 'continue';
  /** Milliseconds that a batch may take before the disk counts as hanging. */
  readonly deadlineMs: number;
  /** Milliseconds after which a disk that failed is tried again. */
  readonly retryMs: number;
  readonly clock: Clock;
  /** In each record; undefined for a gateway that is alone. */
  readonly gateway?: string | undefined;
  readonly observer: CommitObserver;
  /** Brings a batch to the disk; called again only after its reply. */
  readonly request: (request: WriterRequest) => Promise<WriterReply>;
}

interface Batch {
  readonly entries: readonly Entry[];
  readonly checkpoint: boolean;
  /** The outage that its first entry tells of, and the losses it names. */
  readonly ends: { readonly outage: Outage; readonly lostEvents: number } | undefined;
}

/**
 * Group commit: what one turn of the event loop brings goes to the disk together, and what the next
 * few bring as long as each brings more: to wake the thread that writes costs more than to write a
 * record. While a batch is on its way new events queue, and the next batch takes the whole queue.
 * Knows when the disk fails or hangs, and records it once it is back.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue = new EntryQueue();
  readonly #gathering = new Gathering(
    () => this.#queue.size,
    () => this.#pump(),
  );
  #head: ChainHead;
  #inFlight: Batch | undefined;
  #outage: Outage | undefined;
  /** Nothing more is taken. */
  #isClosed = false;
  /** Nothing more is sent either. */
  #isOver = false;
  #checkpointDue = false;
  #checkpointSeq = 0;
  /** The deadline of the batch in flight or the next try, never both. */
  #timer: NodeJS.Timeout | undefined;
  /** Called when a batch was answered or overdue. */
  #onTurn: (() => void) | undefined;

  constructor(head: ChainHead, options: GroupCommitOptions) {
    this.#head = head;
    this.#options = options;
  }

  /** The newest record that is on disk. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Queues an event; `waiter` hears once whether it is on disk. */
  submit(event: AuditEvent, waiter?: Waiter): void {
    const { onFailure } = this.#options;
    const entry: Entry = {
      event: event.event,
      json: this.#render(event),
      // what was allowed but then refused did not happen; anything else did
      isKept: waiter === undefined || onFailure === 'continue' || !isBeginning(event),
      waiter,
      isMissed: false,
    };
    const begins = isBeginning(event) && waiter !== undefined;
    if (this.#isClosed) this.#turnAway(entry);
    else if (this.#isDown || (begins && this.#outage?.phase === 'low')) this.#miss(entry);
    else if (this.#queue.push(entry)) this.#pumpSoon();
    else this.#overflow(entry);
  }

  /** Signs and reports the head if there is anything new. */
  requestCheckpoint(): void {
    this.#checkpointDue = this.#head.seq > this.#checkpointSeq;
    this.#pump();
  }

  /** Writes what is queued, trying a failed disk once more; rejects if something stays unwritten. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drain();
    clearTimeout(this.#timer);
    if (this.#inFlight === undefined) await this.#closeFile();
    this.#isOver = true;
    if (this.#isDown) throw this.#outage?.toError();
    this.#options.observer.checkpoint(this.#head);
  }

  async #drain(): Promise<void> {
    this.#retry();
    while (this.#inFlight !== undefined) {
      await new Promise<void>((resolve) => {
        this.#onTurn = resolve;
      });
      if (this.#isDown) return;
    }
  }

  async #closeFile(): Promise<void> {
    const { deadlineMs, request } = this.#options;
    const overdue = new Promise<undefined>((resolve) => {
      this.#timer = setTimeout(resolve, deadlineMs, undefined);
    });
    const reply = await Promise.race([request({ close: true, time: this.#time() }), overdue]);
    clearTimeout(this.#timer);
    if (reply?.type === 'committed') this.#advance(reply);
    else this.#beginOutage(reply?.cause ?? 'stalled', reply?.message ?? STALLED).phase = 'down';
  }

  get #isDown(): boolean {
    return this.#outage?.phase === 'down';
  }

  /** A batch is sent once a turn of the event loop brings nothing more. */
  #pumpSoon(): void {
    if (this.#inFlight === undefined) this.#gathering.begin();
  }

  #render(event: AuditEvent) {
    return renderEntry(event, this.#options.clock.now(), this.#options.gateway);
  }

  /** Sends the next batch, if the disk may be tried and there is something to send, or `force`. */
  #pump(force = false): void {
    if (this.#inFlight !== undefined || this.#isDown || this.#isOver) return;
    const batch = this.#takeBatch();
    const entries = batch.entries.map((entry) => entry.json);
    const { checkpoint, ends } = batch;
    if (ends !== undefined) {
      entries.unshift(this.#render(ends.outage.toEvent()));
    }
    if (entries.length === 0 && !checkpoint && !force) return;
    this.#inFlight = batch;
    this.#setTimer(this.#options.deadlineMs, () => this.#stall(batch));
    void this.#options
      .request({ entries, checkpoint, time: this.#time() })
      .then((reply) => this.#settle(batch, reply));
  }

  #takeBatch(): Batch {
    const outage = this.#outage?.phase === 'due' ? this.#outage : undefined;
    const entries = this.#queue.take(outage === undefined ? BATCH_LENGTH : PROBE_LENGTH);
    const checkpoint = this.#checkpointDue;
    this.#checkpointDue = false;
    return { entries, checkpoint, ends: outage && { outage, lostEvents: outage.lostEvents } };
  }

  #settle(batch: Batch, reply: WriterReply): void {
    clearTimeout(this.#timer);
    this.#inFlight = undefined;
    const isQuiet = this.#outage === undefined && !this.#isClosed && !this.#checkpointDue;
    if (reply.type === 'committed') this.#succeed(batch, reply);
    else this.#fail(batch, reply);
    const { size } = this.#queue;
    if (isQuiet && size > 0 && size < MANY) this.#pumpSoon();
    else this.#pump();
    this.#onTurn?.();
  }

  #succeed(batch: Batch, reply: Committed): void {
    const { observer } = this.#options;
    this.#advance(reply);
    for (const entry of batch.entries) {
      observer.recorded(entry.event, reply.head);
      entry.waiter?.resolve();
    }
    if (batch.ends !== undefined) this.#endOutage(batch.ends);
    else if (this.#outage !== undefined) this.#outage.phase = 'due';
    if (reply.isLow) {
      this.#beginOutage('write_failed', 'the disk is full').phase = 'low';
      this.#retryLater();
    }
    if (!batch.checkpoint) return;
    this.#checkpointSeq = reply.head.seq;
    observer.checkpoint(reply.head);
  }

  #advance(reply: Committed): void {
    this.#head = reply.head;
    for (let count = 0; count < reply.checkpoints; count += 1) {
      this.#options.observer.recorded('checkpoint', reply.head);
    }
  }

  #fail(batch: Batch, reply: Failed): void {
    const outage = this.#beginOutage(reply.cause, reply.message);
    outage.tornBytes += reply.tornBytes;
    outage.phase = 'down';
    this.#retryLater();
    const waiting = this.#queue.take(Number.POSITIVE_INFINITY);
    for (const entry of [...batch.entries, ...waiting]) this.#miss(entry);
  }

  #stall(batch: Batch): void {
    this.#beginOutage('stalled', STALLED).phase = 'down';
    // the batch may reach the disk yet: its callers go, its entries stay in flight
    for (const entry of batch.entries) this.#tell(entry);
    for (const entry of this.#queue.take(Number.POSITIVE_INFINITY)) this.#miss(entry);
    this.#onTurn?.();
  }

  #overflow(entry: Entry): void {
    this.#beginOutage('stalled', 'there is more to record than the disk takes').phase = 'due';
    this.#miss(entry);
  }

  #retryLater(): void {
    this.#setTimer(this.#options.retryMs, () => this.#retry());
  }

  #retry(): void {
    const outage = this.#outage;
    if (outage?.phase === 'down' && this.#inFlight === undefined) outage.phase = 'due';
    this.#pump(outage?.phase === 'low');
  }

  #beginOutage(cause: RecoveryCause, message: string): Outage {
    if (this.#outage === undefined) {
      this.#outage = new Outage(cause, message);
      this.#options.observer.unavailable(this.#outage.toError());
    }
    return this.#outage;
  }

  #endOutage({ outage, lostEvents }: NonNullable<Batch['ends']>): void {
    const { observer } = this.#options;
    observer.recorded('recovered', this.#head);
    outage.tornBytes = 0;
    outage.lostEvents -= lostEvents;
    if (outage.lostEvents > 0) return;
    this.#outage = undefined;
    observer.available();
  }

  #miss(entry: Entry): void {
    this.#tell(entry);
    if (!entry.isKept || this.#queue.push(entry)) return;
    if (this.#outage !== undefined) this.#outage.lostEvents += 1;
  }

  #tell(entry: Entry): void {
    if (this.#outage === undefined || entry.isMissed) return;
    entry.isMissed = true;
    this.#options.observer.missed(entry.event);
    if (this.#options.onFailure === 'continue') entry.waiter?.resolve();
    else entry.waiter?.reject(this.#outage.toError());
  }

  #turnAway(entry: Entry): void {
    this.#options.observer.missed(entry.event);
    entry.waiter?.reject(CLOSED);
  }

  #setTimer(delayMs: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, delayMs);
  }

  #time(): string {
    return renderTime(this.#options.clock.now());
  }
}
