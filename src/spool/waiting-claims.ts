import { allow, type Decision, type Deny } from '../core/decision.ts';
import { SCRAPE_SCOPE } from '../core/exposition/push-content.ts';
import type { Reason } from '../core/reason.ts';
import type { SpoolEntry } from '../core/spool/spool-entry.ts';
import type { GroupId } from '../core/store/group.ts';
import type { GroupClaim, GroupStore } from '../core/store/group-store.ts';
import { parsePushTarget } from '../core/target/push-target.ts';
import type { ParseContent } from '../pipeline/ports.ts';
import type { OpenedSpool } from './open-spool.ts';

export interface ClaimingOptions {
  readonly spool: OpenedSpool;
  readonly parse: ParseContent;
  /** Whether the team's pushes pass over quotas, as it is only observed. */
  readonly isObserved: (team: string) => boolean;
}

/** Groups that are claimed at the same time: each waits for its bodies. */
const PARALLEL = 16;
const QUOTAS: ReadonlySet<Reason> = new Set([
  'group_quota_exceeded',
  'series_quota_exceeded',
  'bytes_quota_exceeded',
]);

/** Whether the upstream had it, and has lost it. */
export function isRestored({ storedAt }: SpoolEntry): boolean {
  return storedAt !== undefined;
}

/** Claims what waits in the model of the upstream, so that quotas and consistency count it. */
export class WaitingClaims {
  readonly #options: ClaimingOptions;
  #claimedIn: GroupStore | undefined;
  #isSupposed = false;

  constructor(options: ClaimingOptions) {
    this.#options = options;
  }

  /**
   * What the upstream holds is known from the spool alone: what is taken until it is read may be
   * over a quota.
   */
  noteSupposed(): void {
    this.#isSupposed = true;
  }

  /** Claims what is not claimed yet. What is not to be had is judged once more when it is sent. */
  async claimAll(store: GroupStore): Promise<void> {
    const { spool } = this.#options;
    if (this.#claimedIn !== store) spool.claims.clear();
    this.#claimedIn = store;
    const left = spool.index.heads().values();
    const work = async (): Promise<void> => {
      for (const { group } of left) await this.#claimGroup(store, group);
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  async #claimGroup(store: GroupStore, group: GroupId): Promise<void> {
    const { spool } = this.#options;
    for (const entry of [...spool.index.waiting(group)]) {
      if (spool.claims.has(entry.seq) || !spool.isOnDisk(entry)) continue;
      const claim = await this.#claimKept(store, entry);
      if (claim?.effect === 'allow') await this.#hold(entry, claim.value);
    }
  }

  /**
   * Once the store was read after it had only been supposed: holds what was taken until then against
   * it, the newest first, and tells what is too much.
   */
  async *prove(store: GroupStore): AsyncGenerator<{ entry: SpoolEntry; refusal: Deny }> {
    if (!this.#isSupposed) return;
    this.#isSupposed = false;
    const { spool } = this.#options;
    const all = spool.index.heads().flatMap(({ group }) => spool.index.waiting(group));
    const taken = all.filter((entry) => !isRestored(entry) && entry.method !== 'DELETE');
    for (const entry of taken.sort((a, b) => b.seq - a.seq)) {
      if (!spool.isOnDisk(entry)) continue;
      this.release(entry);
      const claim = await this.#claimKept(store, entry);
      if (claim?.effect === 'allow') await this.#hold(entry, claim.value);
      else if (claim !== undefined && QUOTAS.has(claim.reason)) yield { entry, refusal: claim };
    }
  }

  /** @param isCounted - whether quotas count it already, so that it cannot be too much */
  async claim(
    store: GroupStore,
    { group, method, mediaType, team, credential, at }: SpoolEntry,
    body: Uint8Array,
    isCounted: boolean,
  ): Promise<Decision<GroupClaim>> {
    if (method === 'DELETE') return allow(await store.claimDelete(group));
    const target = parsePushTarget(group, { emptyValues: true });
    if (target.effect === 'deny') return target;
    // It was held against the limits when it was taken.
    const scope = { ...SCRAPE_SCOPE, key: target.value.key };
    const content = await this.#options.parse(team, body, mediaType, scope);
    if (content.effect === 'deny') return content;
    const passes = (): boolean => isCounted || this.#options.isObserved(team);
    const push = { target: target.value, content: content.value, method };
    return await store.claim({ ...push, team, credential, at, passes });
  }

  release({ seq }: SpoolEntry): void {
    const { claims } = this.#options.spool;
    void claims.get(seq)?.settle('refused');
    claims.delete(seq);
  }

  /** Undefined for what cannot be read now. */
  async #claimKept(
    store: GroupStore,
    entry: SpoolEntry,
  ): Promise<Decision<GroupClaim> | undefined> {
    const body = await this.#options.spool.disk.body(entry.seq).catch(() => undefined);
    return body && (await this.claim(store, entry, body, isRestored(entry)));
  }

  /** Keeps a claim for an entry, unless that has ended meanwhile. */
  async #hold(entry: SpoolEntry, claim: GroupClaim): Promise<void> {
    const { claims, index } = this.#options.spool;
    if (index.has(entry) && !claims.has(entry.seq)) claims.set(entry.seq, claim);
    else await claim.settle('refused');
  }
}
