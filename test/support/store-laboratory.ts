import assert from 'node:assert/strict';
import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { eventually } from './eventually.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { readAnew } from './read-anew.ts';
import { operation, SimulatedStore, type StoreOperation } from './store-operations.ts';
import type { StorePair } from './store-pair.ts';
import {
  mirror,
  readOperations,
  STORE_TEAM,
  sendOperation,
  takeTypes,
} from './stored-operations.ts';
import { findStricter } from './stricter-refusals.ts';

/** What a gateway and its Pushgateway go through. */
type Step =
  /** One operation, with nothing else under way: a stock Pushgateway is asked too. */
  | { readonly kind: 'send'; readonly operation: StoreOperation }
  /** Several at once, and beside them a reading. */
  | { readonly kind: 'burst'; readonly operations: Operations; readonly isRead: boolean }
  /** Pushgateway ends under several and starts anew at once, killed with an older store. */
  | (Fault & { readonly kind: 'restart'; readonly isKilled: boolean })
  /** Pushgateway stands still until all have timed out; it gets them when it goes on. */
  | (Fault & { readonly kind: 'hang' });

type Operations = readonly StoreOperation[];

interface Fault {
  readonly operations: Operations;
  /** Sent right after it, whatever the gateway knows by then. */
  readonly after: Operations;
}

const one = operation.filter(
  (each) => each.method === 'DELETE' || new SimulatedStore().with(each).problem() === undefined,
);
const several = fc.array(one, { minLength: 2, maxLength: 12, size: 'max' });
const send = fc.record({ kind: fc.constant('send' as const), operation });
const burst = fc.record({
  kind: fc.constant('burst' as const),
  operations: several,
  isRead: fc.boolean(),
});
const restart = fc.record({
  kind: fc.constant('restart' as const),
  operations: several,
  after: several,
  isKilled: fc.boolean(),
});
const hang = fc.record({
  kind: fc.constant('hang' as const),
  operations: several,
  after: several,
});

const few = fc.array(
  fc.oneof({ weight: 5, arbitrary: send }, { weight: 2, arbitrary: burst }, restart),
  { minLength: 2, maxLength: 6, size: 'max' },
);

/** A history has each kind of step at least once. */
const history: fc.Arbitrary<readonly Step[]> = fc
  .tuple(few, restart, few, hang, few)
  .map(([before, ended, between, hung, after]) => [before, ended, between, hung, after].flat());

interface Torment {
  readonly pair: StorePair;
  /** Histories. */
  readonly runs: number;
  readonly seed: number;
}

/** What was seen in histories. */
export interface StoreFindings {
  /** How many operations ended with each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** How many refusals the stock Pushgateway agreed with. */
  readonly agreed: number;
  /** How many it would not have made, by their kind. */
  readonly stricter: Readonly<Record<string, number>>;
}

/** Of a push or delete that reaches a Pushgateway: more than it takes there on a busy machine. */
const TIMEOUT = '400ms';
const SCRAPE_MS = 20;

/**
 * Takes a gateway through histories: pushes, deletes and readings at once, a Pushgateway that is
 * killed, started with an older store and standing still. Whatever happens the scrape stays whole;
 * and where nothing is under way the gateway lets nothing through that a stock Pushgateway refuses,
 * and refuses nothing that it takes but for the reasons that are written down.
 */
export async function tormentStore({ pair, runs, seed }: Torment): Promise<StoreFindings> {
  await using gateway = await startGateway({
    upstream: { url: pair.store().url, timeout: TIMEOUT },
    teams: STORE_TEAM,
  });
  const laboratory = new Laboratory(pair, gateway);
  const property = fc.asyncProperty(history, (steps) => laboratory.run(steps));
  // A history of processes is not the same twice: to look for a shorter one tells nothing.
  await fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
  return laboratory;
}

class Laboratory implements StoreFindings {
  readonly statuses: Record<string, number> = {};
  agreed = 0;
  readonly stricter: Record<string, number> = {};
  readonly #pair: StorePair;
  readonly #gateway: TestGateway;
  /** Whether the stock Pushgateway holds what the other one does, and the gateway knows it. */
  #isMirrored = false;

  constructor(pair: StorePair, gateway: TestGateway) {
    this.#pair = pair;
    this.#gateway = gateway;
  }

  async run(steps: readonly Step[]): Promise<void> {
    const stop = new AbortController();
    const watching = watchScrape(this.#pair.store().url, stop.signal);
    try {
      for (const step of steps) await this.#take(step);
    } finally {
      stop.abort();
    }
    assert.deepEqual(await watching, []);
  }

  async #take(step: Step): Promise<void> {
    if (step.kind === 'send') {
      await this.#compare(step.operation);
      return;
    }
    this.#isMirrored = false;
    const { pid } = this.#pair.store();
    if (step.kind === 'hang') kill(pid, 'SIGSTOP');
    const sending = this.#sendAll(step.operations);
    if (step.kind === 'burst' && step.isRead) await readAnew(this.#gateway.adminUrl);
    if (step.kind === 'restart') await this.#pair.restart(step.isKilled ? 'SIGKILL' : 'SIGTERM');
    if (step.kind !== 'restart') await sending;
    if (step.kind === 'hang') kill(pid, 'SIGCONT');
    if (step.kind !== 'burst') await this.#sendAll(step.after);
    await sending;
  }

  #sendAll(operations: Operations): Promise<unknown> {
    return Promise.all(operations.map((each) => this.#send(each)));
  }

  async #send(each: StoreOperation): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await sendOperation(this.#gateway.url, each);
    const isKnown = [202, 400, 502, 503, 504].includes(answer.status);
    const what = `${answer.status} ${answer.text} to ${JSON.stringify(each)}`;
    assert.ok(isKnown && !answer.text.startsWith('upstream_rejected'), what);
    this.statuses[answer.status] = (this.statuses[answer.status] ?? 0) + 1;
    return answer;
  }

  /** Sends an operation to the gateway and to the stock Pushgateway, and compares the answers. */
  async #compare(each: StoreOperation): Promise<void> {
    const { stock, store } = this.#pair;
    const before = await this.#settle();
    const { status, text } = await this.#send(each);
    if (status >= 500) {
      this.#isMirrored = false; // the machine is too busy for the short timeout
      return;
    }
    const sent = status === 202 ? await takeTypes(store(), each) : each;
    const asked = await sendOperation(stock.url, sent);
    if (each.method === 'DELETE') return;
    const what = `${JSON.stringify(sent)}\nin ${JSON.stringify(show(before))}\n${text}${asked.text}`;
    if (status === 202) assert.equal(asked.status, 200, `let through: ${what}`);
    else if (asked.status !== 200) this.agreed += 1;
    else {
      this.#isMirrored = false;
      const kind = findStricter(each, before, text);
      assert.ok(kind !== undefined, `refused: ${what}`);
      this.stricter[kind] = (this.stricter[kind] ?? 0) + 1;
    }
  }

  /** Waits until nothing changes any more, the gateway has read it, and the stock one holds it. */
  async #settle(): Promise<SimulatedStore> {
    const store = this.#pair.store();
    if (this.#isMirrored) return await readOperations(store);
    const stored = await eventually('the store is read', async () => {
      const before = await readOperations(store);
      await delay(SCRAPE_MS);
      if (!(await readAnew(this.#gateway.adminUrl))) return undefined;
      const after = await readOperations(store);
      const isSame = JSON.stringify(show(before)) === JSON.stringify(show(after));
      return isSame ? after : undefined;
    });
    await mirror(stored, this.#pair.stock);
    this.#isMirrored = true;
    return stored;
  }
}

function show({ groups }: SimulatedStore): readonly unknown[] {
  return [...groups].map(([group, families]) => [group, ...families.values()]);
}

/** Scrapes again and again until it is stopped; every answer that is not whole. */
async function watchScrape(url: string, stop: AbortSignal): Promise<readonly string[]> {
  const broken = new Set<string>();
  while (!stop.aborted) {
    const answer = await fetch(`${url}/metrics`).catch(() => undefined); // it is away
    const text = await answer?.text().catch(() => undefined); // it went away in the middle
    if (answer !== undefined && answer.status !== 200) broken.add(`${answer.status} ${text}`);
    await delay(SCRAPE_MS);
  }
  return [...broken];
}
