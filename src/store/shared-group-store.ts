import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { allow, type Decision, deny } from '../core/decision.ts';
import { GatewayError } from '../core/errors.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim, GroupPush, GroupStore, StoreReading } from '../core/store/group-store.ts';
import { NO_OWNERS, type OwnershipTerm } from '../core/store/ownership.ts';
import {
  decodeOperation,
  encodeOperation,
  type Operation,
  type OperationBody,
  readRequest,
} from '../core/store/replica/operation.ts';
import {
  type OperationResult,
  Replica,
  type ReplicaOptions,
} from '../core/store/replica/replica.ts';
import type { LogEntry, LogMembership, StoreLog } from '../pipeline/shared-state.ts';
import { createChangeSignal } from './change-signal.ts';
import { JoiningOrder } from './joining-order.ts';
import { LOST, PendingOperations, type PendingResult } from './pending-operations.ts';
import { createSharedReading } from './shared-reading.ts';
import type { SharedGroupStore, StoreWatcher } from './shared-store.ts';

type SharedStoreOptions = Pick<ReplicaOptions, 'createModel'> & { readonly log: StoreLog };

/** How long a push waits for a model that is being read, or for a deletion of its group. */
const WAIT_MS = 10_000;
const RETRY_MS = 200;

/** What came of an operation, or that this gateway does not know and never will. */
export type SubmitResult = PendingResult & { readonly request: number };

/** Joins the gateways that share a store, and again whenever the connection to them is lost. */
export function openSharedGroupStore(options: SharedStoreOptions): SharedGroupStore {
  return new SharedStore(options);
}

class SharedStore implements SharedGroupStore {
  readonly #log: StoreLog;
  readonly #replica: Replica;
  readonly #pending = new PendingOperations();
  readonly #stopping = new AbortController();
  readonly #joining: Promise<void>;
  #membership: LogMembership | undefined;
  /** Whether the replica is one of those that are alike. */
  #isIn = false;
  #order = new JoiningOrder(undefined);
  #terms: readonly OwnershipTerm[] = [];
  #watcher: StoreWatcher | undefined;
  /** Pushes and deletes that this gateway has claimed and not settled. */
  #underWay = 0;
  readonly #changes = createChangeSignal();

  constructor({ log, createModel }: SharedStoreOptions) {
    this.#log = log;
    this.#replica = new Replica({
      createModel,
      onPush: (group) => this.#watcher?.pushed(group) ?? (() => undefined),
      onDelete: (group) => this.#watcher?.deleted(group),
    });
    this.#joining = this.#keepJoined();
  }

  watch(watcher: StoreWatcher): void {
    this.#watcher = watcher;
  }

  isMember(): boolean {
    return this.#membership?.isCurrent() === true;
  }

  takesClaims(): boolean {
    return this.#membership?.isWritable() === true;
  }

  group: GroupStore['group'] = (id) => this.#replica.model.group(id);
  groups: GroupStore['groups'] = (filter) => this.#replica.model.groups(filter);
  totals: GroupStore['totals'] = (team) => this.#replica.model.totals(team);
  familyLines: GroupStore['familyLines'] = () => this.#replica.model.familyLines();
  size: GroupStore['size'] = () => this.#replica.model.size();
  doubt: GroupStore['doubt'] = () => this.#replica.model.doubt();

  claim: GroupStore['claim'] = async ({ passes, target, ...push }) => {
    const shared = {
      ...push,
      content: { families: push.content.families },
      group: target.canonical,
    };
    const claimed = await this.#claim({ kind: 'claim', push: shared }, passes);
    if (claimed === 'lost') return deny('state_unavailable');
    if (claimed === 'again') return deny('overloaded', 'what Pushgateway holds is being read');
    return claimed;
  };

  claimDelete: GroupStore['claimDelete'] = async (group) => {
    const claimed = await this.#claim({ kind: 'delete', group });
    if (typeof claimed !== 'string' && claimed.effect === 'allow') return claimed.value;
    throw new GatewayError('ERR_STATE_UNAVAILABLE', 'the deletion cannot be claimed');
  };

  claimRemoval = async (group: GroupId): Promise<GroupClaim | undefined> => {
    const claimed = await this.#claimOnce({ kind: 'remove', group });
    return typeof claimed !== 'string' && claimed.effect === 'allow' ? claimed.value : undefined;
  };

  startReading: GroupStore['startReading'] = (): StoreReading =>
    createSharedReading({
      submit: (body) => this.#submit(body),
      tell: (body) => this.#tell(this.#membership, body),
      whenChanged: () => this.#changes.wait(Date.now() + RETRY_MS),
    });

  assignOwners: GroupStore['assignOwners'] = async (ownership) => {
    if (ownership === NO_OWNERS) return;
    if (ownership.terms === undefined) throw new Error('owners that cannot be sent to others');
    this.#terms = ownership.terms();
    // One who is not in brings them along when it is.
    if (this.#isIn) await this.#submit({ kind: 'owners', terms: this.#terms });
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#membership?.[Symbol.asyncDispose]();
    await this.#joining;
  }

  /** @returns `again` when it took too long, `lost` when the others cannot be asked */
  async #claim(
    body: OperationBody,
    passes?: GroupPush['passes'],
  ): Promise<Decision<GroupClaim> | 'again' | 'lost'> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const claimed = await this.#claimOnce(body, passes);
      if (claimed !== 'again' || Date.now() >= deadline) return claimed;
      await this.#changes.wait(deadline);
    }
  }

  async #claimOnce(
    body: OperationBody,
    passes?: GroupPush['passes'],
  ): Promise<Decision<GroupClaim> | 'again' | 'lost'> {
    // What would only be told to come again is not sent.
    if (this.isMember() && !(this.#isIn && this.#replica.isUsable())) return 'again';
    const result = await this.#submit(body, passes);
    if (result.kind === 'lost' || result.kind === 'again') return result.kind;
    if (result.kind !== 'claimed') throw new Error(`a claim ended as ${result.kind}`);
    if (result.decision.effect === 'deny') return result.decision;
    return allow(this.#own(result.request, result.decision.value));
  }

  #own(request: number, { adopted }: GroupClaim): GroupClaim {
    const membership = this.#membership;
    let isSettled = false;
    this.#underWay += 1;
    return {
      adopted,
      settle: async (end) => {
        if (isSettled) return;
        isSettled = true;
        this.#underWay -= 1;
        this.#changes.note();
        await this.#tell(membership, { kind: 'settle', claim: request, end });
      },
    };
  }

  /**
   * Says what the others have to hear, or would wait for: what is lost on the way is sent again in
   * the background, as whoever waits for an answer gets it.
   */
  async #tell(membership: LogMembership | undefined, body: OperationBody): Promise<void> {
    // Where it has ended, the others have ended what was its own.
    if (membership === undefined || this.#membership !== membership) return;
    const { kind } = await this.#submit(body);
    if (kind !== 'lost' || this.#membership !== membership) return;
    void delay(RETRY_MS, undefined, { ref: false }).then(() => this.#tell(membership, body));
  }

  async #submit(body: OperationBody, passes?: GroupPush['passes']): Promise<SubmitResult> {
    const membership = this.#membership;
    const request = this.#pending.nextNumber();
    if (membership === undefined || !membership.isCurrent()) return { ...LOST, request };
    const operation = { ...body, request };
    const ended = this.#pending.begin(operation, passes);
    try {
      await membership.append(encodeOperation(operation));
    } catch {
      // What was heard of meanwhile has been written, and taken by all.
      if (this.#pending.take(request)) return { ...LOST, request };
    }
    return { ...(await ended), request };
  }

  async #keepJoined(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // What is still on its way to the store was claimed where nobody knows of it any more.
      while (this.#underWay > 0 && !this.#stopping.signal.aborted) {
        await this.#changes.wait(Date.now() + RETRY_MS);
      }
      try {
        const membership = await this.#log.join();
        await this.#follow(membership);
      } catch {
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async #follow(membership: LogMembership): Promise<void> {
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    this.#isIn = false;
    this.#order = new JoiningOrder(membership.member);
    this.#membership = membership;
    membership.follow({ take: (entry) => this.#take(membership, entry), lost: resolve });
    await lost;
    this.#membership = undefined;
    this.#isIn = false;
    this.#pending.loseAll();
    this.#changes.note();
  }

  async #take(membership: LogMembership, entry: LogEntry): Promise<void> {
    if (this.#membership !== membership) return;
    if (entry.kind === 'operation') {
      const { kind } = await this.#takeOperation(membership, entry);
      if (kind === 'read') return; // nothing is new: who waits to read would wake the others
    } else {
      this.#order.note(entry);
      if (entry.kind === 'joined') this.#replica.close();
      else if (this.#isIn) await this.#replica.end(entry.member);
      this.#beginAnewIfDue(membership);
    }
    this.#changes.note();
  }

  async #takeOperation(
    membership: LogMembership,
    { member, data }: Extract<LogEntry, { readonly kind: 'operation' }>,
  ): Promise<Operation> {
    const isOwn = member === membership.member;
    const pending = isOwn ? this.#pending.take(readRequest(data)) : undefined;
    const operation = pending?.operation ?? decodeOperation(data);
    if (operation.kind === 'fresh') {
      if (operation.joined === this.#order.latest()) await this.#beginAnew(operation.terms);
      return operation;
    }
    if (!this.#isIn) {
      pending?.end({ kind: 'again' }); // it was not taken by anybody
      this.#beginAnewIfDue(membership); // what told so before may not have been written
      return operation;
    }
    const result = await this.#replica.apply(member, operation, pending?.passes);
    if (pending !== undefined) pending.end(result);
    else if (isOwn) this.#abandon(membership, operation, result);
    this.#beginAnewIfDue(membership);
    return operation;
  }

  /** A claim that nobody waits for any more was not sent to the store, and nobody goes on reading. */
  #abandon(membership: LogMembership, { kind, request }: Operation, result: OperationResult): void {
    if (kind === 'read' && result.kind === 'done') {
      void this.#tell(membership, { kind: 'stop', reading: request });
      return;
    }
    if (result.kind !== 'claimed' || result.decision.effect === 'deny') return;
    void this.#tell(membership, { kind: 'settle', claim: request, end: 'refused' });
  }

  /**
   * Who is in tells all to begin anew; where nobody is, who joined before all others. The first that
   * is heard counts. What could not be written is said again: there may be nothing else to hear.
   */
  #beginAnewIfDue(membership: LogMembership): void {
    const isDue = this.#isIn ? this.#replica.isDrained() : this.#order.isFirst();
    const joined = this.#order.latest();
    if (!isDue || joined === undefined) return;
    const request = this.#pending.nextNumber();
    const fresh = { kind: 'fresh', joined, terms: this.#terms, request } as const;
    membership.append(encodeOperation(fresh)).catch(async () => {
      await delay(RETRY_MS, undefined, { ref: false });
      const isStillDue = this.#membership === membership && this.#order.latest() === joined;
      if (isStillDue) this.#beginAnewIfDue(membership);
    });
  }

  async #beginAnew(terms: readonly OwnershipTerm[]): Promise<void> {
    await this.#replica.begin(terms);
    this.#order.begun();
    this.#isIn = true;
    this.#watcher?.begunAnew();
    if (!isDeepStrictEqual(terms, this.#terms))
      void this.#submit({ kind: 'owners', terms: this.#terms });
  }
}
