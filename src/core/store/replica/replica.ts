import { allow, type Decision, type Deny } from '../../decision.ts';
import type { GroupId } from '../group.ts';
import type {
  ForeignChanges,
  GroupClaim,
  GroupPush,
  GroupStore,
  PushEnd,
  StoreReading,
} from '../group-store.ts';
import { createOwnership } from '../ownership-terms.ts';
import { type Operation, pushOf, type SharedPush } from './operation.ts';

/** What came of an operation, for the gateway whose it is. */
export type OperationResult =
  | { readonly kind: 'claimed'; readonly decision: Decision<GroupClaim> }
  /** It changed nothing, and may be sent anew once something else has ended. */
  | { readonly kind: 'again' }
  /** Of the end of a reading. */
  | { readonly kind: 'read'; readonly changes: ForeignChanges | undefined }
  | { readonly kind: 'done' };

export interface ReplicaOptions {
  /** Makes an empty model; its answers depend on what it is told alone. */
  readonly createModel: () => GroupStore & Disposable;
  /**
   * Told of the groups that are pushed to or deleted, by whichever gateway.
   * @returns what is called when the push has ended
   */
  readonly onPush: (group: GroupId) => (end: PushEnd) => void;
  readonly onDelete: (group: GroupId) => void;
}

const DONE: OperationResult = { kind: 'done' };
const AGAIN: OperationResult = { kind: 'again' };

/** A push or delete that is claimed and not settled. */
interface Open {
  readonly member: string;
  readonly group: GroupId;
  readonly kind: 'claim' | 'delete' | 'remove';
  readonly claim: GroupClaim;
  readonly noteEnd: (end: PushEnd) => void;
}

/**
 * One gateway's copy of the model. It is the same at the same operation as that of every other, so
 * that nothing in it may depend on anything else: operations are taken one at a time, each to its
 * end, and there is no clock and no chance.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #open = new Map<string, Open>();
  #model: GroupStore & Disposable;
  #reading: { readonly name: string; readonly reading: StoreReading } | undefined;
  /** Whether somebody joins: nothing begins, and once nothing is under way all begin anew. */
  #isClosing = false;
  /** Whether the store was read since the model began. */
  #isRead = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#model = options.createModel();
  }

  get model(): GroupStore {
    return this.#model;
  }

  /** Whether a push could be claimed now. */
  isUsable(): boolean {
    return this.#isRead && !this.#isClosing;
  }

  /** Whether all can begin anew. */
  isDrained(): boolean {
    return this.#isClosing && this.#open.size === 0;
  }

  /** Somebody joins. */
  close(): void {
    this.#isClosing = true;
  }

  /** Begins anew; the readings of before are over. */
  async begin(terms: Parameters<typeof createOwnership>[0]): Promise<void> {
    this.#model[Symbol.dispose]();
    this.#model = this.#options.createModel();
    this.#open.clear();
    this.#reading = undefined;
    this.#isClosing = false;
    this.#isRead = false;
    await this.#model.assignOwners(createOwnership(terms));
  }

  /** A gateway has ended: nobody knows what came of what it had under way. */
  async end(member: string): Promise<void> {
    for (const [name, open] of [...this.#open]) {
      if (open.member === member) await this.#settle(name, 'unknown');
    }
    if (this.#reading?.name.startsWith(`${member}/`)) this.#stopReading();
  }

  /**
   * Takes the next operation.
   * @param passes - of the gateway whose it is
   */
  async apply(
    member: string,
    operation: Operation,
    passes?: GroupPush['passes'],
  ): Promise<OperationResult> {
    const name = `${member}/${operation.request}`;
    switch (operation.kind) {
      case 'claim':
        return await this.#claim(member, name, operation.push, passes);
      case 'delete':
      case 'remove':
        return await this.#claimDelete(member, name, operation);
      case 'settle':
        await this.#settle(`${member}/${operation.claim}`, operation.end);
        return DONE;
      case 'owners':
        await this.#model.assignOwners(createOwnership(operation.terms));
        return DONE;
      case 'read':
        if (this.#reading !== undefined || this.#isClosing) return AGAIN;
        this.#reading = { name, reading: this.#model.startReading() };
        return DONE;
      case 'fresh':
        return DONE; // for who has the replica
      default:
        return await this.#read(`${member}/${operation.reading}`, operation);
    }
  }

  async #claim(
    member: string,
    name: string,
    shared: SharedPush,
    passes?: GroupPush['passes'],
  ): Promise<OperationResult> {
    const { group, isObserved = false } = shared;
    if (!this.isUsable() || this.#isBeingRemoved(group)) return AGAIN;
    const passesAlike = (refusal: Deny): boolean => {
      passes?.(refusal); // notes it
      return isObserved;
    };
    const decision = await this.#model.claim(pushOf(shared, passesAlike));
    if (decision.effect === 'allow') {
      const noteEnd = this.#options.onPush(group);
      this.#open.set(name, { member, group, kind: 'claim', claim: decision.value, noteEnd });
    }
    return { kind: 'claimed', decision };
  }

  async #claimDelete(
    member: string,
    name: string,
    { kind, group }: Extract<Operation, { readonly kind: 'delete' | 'remove' }>,
  ): Promise<OperationResult> {
    if (!this.isUsable() || this.#isBeingRemoved(group)) return AGAIN;
    if (kind === 'remove' && this.#isUnderWay(group)) return AGAIN;
    const claim = await this.#model.claimDelete(group);
    const noteEnd = (end: PushEnd): void => {
      if (end === 'stored') this.#options.onDelete(group);
    };
    this.#open.set(name, { member, group, kind, claim, noteEnd });
    return { kind: 'claimed', decision: allow(claim) };
  }

  async #settle(name: string, end: PushEnd): Promise<void> {
    const open = this.#open.get(name);
    if (open === undefined) return;
    this.#open.delete(name);
    open.noteEnd(end);
    await open.claim.settle(end);
  }

  async #read(
    name: string,
    operation: Extract<Operation, { readonly reading: number }>,
  ): Promise<OperationResult> {
    if (this.#reading?.name !== name) return AGAIN; // it is over
    const { reading } = this.#reading;
    switch (operation.kind) {
      case 'add':
        await reading.add(operation.groups);
        return DONE;
      case 'restart':
        reading.restart();
        return DONE;
      case 'stop':
        this.#stopReading();
        return DONE;
      case 'finish': {
        const changes = await reading.finish(operation.contents);
        this.#stopReading();
        this.#isRead = true;
        return { kind: 'read', changes };
      }
    }
  }

  #stopReading(): void {
    this.#reading?.reading[Symbol.dispose]();
    this.#reading = undefined;
  }

  #isBeingRemoved(group: GroupId): boolean {
    return this.#some(({ kind, group: other }) => kind === 'remove' && other === group);
  }

  #isUnderWay(group: GroupId): boolean {
    return this.#some(({ group: other }) => other === group);
  }

  #some(matches: (open: Open) => boolean): boolean {
    for (const open of this.#open.values()) if (matches(open)) return true;
    return false;
  }
}
