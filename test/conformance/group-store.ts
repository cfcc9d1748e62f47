import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import type {
  GroupClaim,
  GroupStore,
  ReadGroup,
  StoreReading,
} from '../../src/core/store/group-store.ts';
import { parsePushTarget } from '../../src/core/target/push-target.ts';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { allowed } from '../support/decision.ts';
import { groupId, textPush } from '../support/group-push.ts';
import {
  operation,
  renderBody,
  SimulatedStore,
  type StoreOperation,
  withTypes,
} from '../support/store-operations.ts';

/** Runs of the property; more of them with STORE_MODEL_RUNS. */
const RUNS = Number(process.env['STORE_MODEL_RUNS'] ?? 400);

/** A push or delete that was let through, and the store need not have taken yet. */
interface Sent {
  readonly operation: StoreOperation;
  readonly claim: GroupClaim;
  isApplied: boolean;
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), operation }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('apply' as const), pick: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give up' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), pick: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('finish' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
);

/** A model of a store, of which nothing is known yet. */
export interface StoreStand {
  readonly store: GroupStore;
  /** Resolves when all who share it know the same. */
  readonly settled: () => Promise<unknown>;
  /** Ends one of the gateways that share it; those whose claims these are know the answer. */
  readonly kill?: () => ((claim: GroupClaim) => boolean) | undefined;
}

interface GroupStoreSuite {
  /** `memory` */
  readonly kind: string;
  readonly create: () => StoreStand | Promise<StoreStand>;
  /** How many of the runs. */
  readonly share: number;
}

/** The model of the gateway beside a store that applies what it is sent when it likes. */
class Stage {
  readonly stand: StoreStand;
  readonly store: GroupStore;
  real = new SimulatedStore();
  sent: Sent[] = [];
  /** Given up, and not read since: the store may take it yet. */
  late: Sent[] = [];
  reading: StoreReading | undefined;
  seen: SimulatedStore | undefined;
  /** What was seen and is not in the model yet. */
  unadded: ReadGroup[] = [];
  refused = 0;
  /** Moments at which the model had to have more. */
  doubted = 0;

  constructor(stand: StoreStand) {
    this.stand = stand;
    this.store = stand.store;
  }

  async send(pushed: StoreOperation): Promise<void> {
    const id = groupId(pushed.group);
    if (pushed.method === 'DELETE') {
      const claim = await this.store.claimDelete(id);
      this.sent.push({ operation: pushed, claim, isApplied: false });
      return;
    }
    const { key } = allowed(parsePushTarget(id, { emptyValues: false }));
    const body = renderBody(pushed);
    const content = parseTextExposition(Buffer.from(body), { ...WIDE_SCOPE, key });
    // What a summary or histogram of the same body has taken is no family of its own.
    if (content.effect === 'deny' || content.value.families.length < pushed.families.length) return;
    const claim = await this.store.claim(textPush(pushed.group, body, { method: pushed.method }));
    if (claim.effect === 'deny') {
      this.refused += 1;
      this.assertNeeded(pushed, JSON.stringify(claim));
      return;
    }
    const taken = withTypes(pushed, claim.value.adopted);
    this.sent.push({ operation: taken, claim: claim.value, isApplied: false });
  }

  /** With nothing under way or in doubt, a refusal has a reason. */
  assertNeeded(pushed: StoreOperation, refusal: string): void {
    if (!this.isExact()) return;
    const problem = this.real.with(pushed).problem();
    assert.ok(problem !== undefined, `${JSON.stringify(pushed)} was refused: ${refusal}`);
  }

  isExact(): boolean {
    return this.isSettled() && this.store.doubt() === undefined;
  }

  isSettled(): boolean {
    return this.sent.length === 0 && this.late.length === 0;
  }

  /** The model never has less than the store, and not more where nothing is in doubt. */
  assertCounts(): void {
    if (!this.isSettled()) return;
    const noted = [...this.store.groups()].flatMap(({ id, families }) => [
      id,
      ...families.map(({ name, type }) => `${id} ${name} ${type}`),
    ]);
    const held = [...this.real.groups].flatMap(([group, families]) => [
      groupId(group),
      ...[...families.values()].map(
        ({ name, type = 'untyped' }) => `${groupId(group)} ${name} ${type}`,
      ),
    ]);
    for (const one of held) assert.ok(noted.includes(one), `${one} is not noted`);
    if (this.isExact()) assert.deepEqual(noted.toSorted(), held.toSorted());
    else this.doubted += 1;
  }

  async read(): Promise<void> {
    this.reading?.[Symbol.dispose]();
    this.reading = this.store.startReading();
    await this.reading.begun();
    this.seen = undefined;
    this.unadded = [];
    this.late = [];
  }

  /** Of what the gateway had under way nobody knows what comes of it. */
  kill(): void {
    const isOfKilled = this.stand.kill?.();
    if (isOfKilled === undefined) return;
    this.late.push(...this.sent.filter(({ claim }) => isOfKilled(claim)));
    this.sent = this.sent.filter(({ claim }) => !isOfKilled(claim));
    this.reading?.[Symbol.dispose]();
    this.reading = undefined;
    this.seen = undefined;
  }

  look(): void {
    this.seen = this.reading && this.real;
    this.reading?.restart();
    this.unadded = [...(this.seen?.groups ?? [])].map(([group, families]): ReadGroup => {
      const { key } = allowed(parsePushTarget(groupId(group), { emptyValues: false }));
      const body = renderBody({ families: [...families.values()] });
      const scope = { ...WIDE_SCOPE, key };
      const { families: read } = allowed(parseTextExposition(Buffer.from(body), scope));
      return { id: groupId(group), key, families: read, pushedAt: 1, failedAt: undefined };
    });
  }

  async add(count: number): Promise<void> {
    await this.reading?.add(this.unadded.splice(0, count));
  }

  apply(pick: number): void {
    const all = [...this.sent, ...this.late];
    const sent = all[pick % Math.max(1, all.length)];
    if (sent === undefined || sent.isApplied) return;
    sent.isApplied = true;
    this.real = this.real.with(sent.operation);
    assert.equal(this.real.problem(), undefined);
  }

  async settle(pick: number, isUnknown: boolean): Promise<void> {
    const index = pick % Math.max(1, this.sent.length);
    const [sent] = this.sent.splice(index, 1);
    if (sent === undefined) return;
    if (isUnknown) this.late.push(sent);
    await sent.claim.settle(isUnknown ? 'unknown' : sent.isApplied ? 'stored' : 'refused');
  }

  async finish(): Promise<void> {
    const { reading, seen } = this;
    this.reading = undefined;
    this.seen = undefined;
    if (reading === undefined || seen === undefined) {
      reading?.[Symbol.dispose]();
      return;
    }
    const groups = this.unadded.splice(0);
    await reading.finish({ groups, own: [], keepsNative: true });
  }
}

type Step = { readonly kind: string; readonly pick?: number; readonly operation?: StoreOperation };

const STEPS: Readonly<Record<string, (stage: Stage, step: Step) => Promise<void> | void>> = {
  send: (stage, { operation: sent }) => sent && stage.send(sent),
  apply: (stage, { pick = 0 }) => stage.apply(pick),
  settle: (stage, { pick = 0 }) => stage.settle(pick, false),
  'give up': (stage, { pick = 0 }) => stage.settle(pick, true),
  read: (stage) => stage.read(),
  look: (stage) => stage.look(),
  add: (stage, { pick = 0 }) => stage.add(pick),
  finish: (stage) => stage.finish(),
  kill: (stage) => stage.kill(),
};

/** Declares the test that a model of any kind has to pass, beside a store that does what it likes. */
export function testGroupStore({ kind, create, share }: GroupStoreSuite): void {
  const numRuns = Math.ceil(RUNS * share);
  test(`what is let through by ${kind} is counted and never makes the store inconsistent`, async () => {
    let refused = 0;
    let doubted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const stage = new Stage(await create());
        for (const one of steps) {
          await STEPS[one.kind]?.(stage, one);
          await stage.stand.settled();
          stage.assertCounts();
        }
        refused += stage.refused;
        doubted += stage.doubted;
      }),
      { numRuns },
    );
    assert.ok(refused > numRuns / 2, `${refused} refusals are too few`);
    assert.ok(doubted > numRuns / 20, `${doubted} doubts are too few`);
  });
}
