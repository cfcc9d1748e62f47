import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SpoolEntry } from '../../../src/core/spool/spool-entry.ts';
import { type SpoolChange, SpoolIndex } from '../../../src/core/spool/spool-index.ts';
import { allowed } from '../../support/decision.ts';
import { request } from './entries.ts';

const BOUNDS = { maxBytes: 1e9, maxAgeMs: 1e9 };
const GROUPS = ['/metrics/job/a', '/metrics/job/b'];

type Pushed = Pick<SpoolEntry, 'group' | 'method' | 'families' | 'requestId'>;

/** What a Pushgateway holds: of each group each family with the push that brought it. */
class Store {
  #groups = new Map<string, Map<string, string>>();

  apply({ group, method, families, requestId }: Pushed): void {
    const held = method === 'POST' ? this.#groups.get(group) : undefined;
    const after = new Map(held);
    if (method !== 'DELETE') for (const name of families) after.set(name, requestId);
    this.#groups.set(group, after);
  }

  /** It starts anew from what was saved before. */
  load(saved: Store): void {
    this.#groups = new Map(saved.#groups);
  }

  contents(): object {
    const entries = [...this.#groups].map(([id, group]) => [id, [...group].sort()] as const);
    return Object.fromEntries(entries.filter(([, group]) => group.length > 0).sort());
  }
}

/** A gateway with its disk, and the Pushgateway behind it. */
class Lab {
  readonly wanted = new Store();
  readonly store = new Store();
  readonly #saved = new Store();
  readonly #disk = new Map<number, SpoolEntry>();
  #index = new SpoolIndex(() => BOUNDS);
  #isAway = false;

  outage(): void {
    this.#isAway = !this.#isAway;
  }

  save(): void {
    this.#saved.load(this.store);
  }

  /** The gateway is killed: what it knows is what its disk has. */
  restart(): void {
    this.#index = new SpoolIndex(() => BOUNDS, [...this.#disk.values()]);
  }

  lose(): void {
    this.store.load(this.#saved);
    for (const group of GROUPS) this.#write(this.#index.restore(group));
  }

  replay({ group }: Pushed): void {
    const [next] = this.#index.waiting(group);
    if (next === undefined || this.#isAway) return;
    const sending = this.#index.noteSending(next, 1);
    this.#write({ written: [sending], removed: [] });
    this.store.apply(sending);
    this.#write(this.#index.deliver(sending, 1));
  }

  push(pushed: Pushed): void {
    this.wanted.apply(pushed);
    const whole = request(pushed.method, { ...pushed, families: [...pushed.families] });
    const asked = { ...whole, requestId: pushed.requestId };
    if (this.#isAway || this.#index.isWaiting(pushed.group)) {
      this.#write(allowed(this.#index.keep(asked)));
    } else {
      this.store.apply(pushed);
      this.#write(this.#index.noteStored(asked, 1, 1));
    }
  }

  drain(): void {
    this.#isAway = false;
    while (this.#index.heads().length > 0) {
      for (const head of this.#index.heads()) this.replay(head);
    }
  }

  #write({ written, removed }: SpoolChange): void {
    for (const one of written) this.#disk.set(one.seq, one);
    for (const { seq } of removed) this.#disk.delete(seq);
  }
}

const step = fc.record({
  what: fc.constantFrom('push', 'push', 'push', 'replay', 'outage', 'restart', 'save', 'lose'),
  group: fc.constantFrom(...GROUPS),
  method: fc.constantFrom('POST', 'PUT', 'DELETE'),
  families: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
});

test('whatever happens, at the end the store is what the acknowledged pushes say', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const lab = new Lab();
      for (const [number, { what, ...pushed }] of steps.entries()) {
        lab[what]({ ...pushed, requestId: String(number) });
      }
      lab.drain();
      assert.deepEqual(lab.store.contents(), lab.wanted.contents());
    }),
    { numRuns: 2000 },
  );
});
