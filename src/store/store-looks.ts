import { setTimeout as delay } from 'node:timers/promises';
import type { GroupStore } from '../core/store/group-store.ts';
import type { Scrape } from '../core/store/scrape-scanner.ts';
import type { StoreStatus } from '../core/store/store-status.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { StoreObserver } from './followed-store.ts';
import { createLineCheck } from './line-check.ts';
import { createNameCheck } from './name-check.ts';
import { createScrapeWatch } from './scrape-watch.ts';
import { asShown } from './shown-names.ts';
import type { StampCheck } from './stamp-check.ts';
import type { StoreReadings } from './store-readings.ts';

/** Looks at a store now and then, whether somebody else has changed it, without reading it all. */
export interface StoreLooks {
  /**
   * Scrapes it, and has it read if that shows something else than the model. Never rejects.
   * @returns whether there was anything to compare with
   */
  look(reader: StoreReader, status: StoreStatus): Promise<boolean>;
  /** Notes that the model is what the store held at that moment, on the monotonic clock. */
  noteSeen(at: number): void;
  /** Whether it was so a short while ago. */
  isSeen(): boolean;
}

interface StoreLooksOptions {
  readonly model: Pick<GroupStore, 'familyLines' | 'doubt'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: OperationalLog;
  readonly observer: Pick<StoreObserver, 'scraped'>;
  readonly stampCheck: Pick<StampCheck, 'begin'>;
  readonly readings: Pick<StoreReadings, 'noteOwn' | 'isRested'>;
  /** Reads the store. */
  readonly read: () => Promise<boolean>;
}

/** In which pushes that were under way during a scrape have come into the model. */
const SETTLE_MS = 500;
/** In which an unchecked Pushgateway has done what it has answered. */
const DONE_MS = 2000;

/**
 * Before a group is deleted for its age the store is read again if it was not seen for so long:
 * somebody else may have pushed past the gateway. The regular look comes more often, but for stores
 * of which a look takes long: of those one counts for longer.
 */
const SEEN_MS = 20_000;
const SEEN_FACTOR = 12;

export function createStoreLooks(options: StoreLooksOptions): StoreLooks {
  return new Looks(options);
}

class Looks implements StoreLooks {
  readonly #options: StoreLooksOptions;
  readonly #nameCheck = createNameCheck();
  readonly #lineCheck = createLineCheck();
  readonly #scrapeWatch;
  /** Until when the model is taken for what the upstream holds, on the monotonic clock. */
  #seenUntil = Number.NEGATIVE_INFINITY;

  constructor(options: StoreLooksOptions) {
    const { log, observer } = options;
    this.#options = options;
    this.#scrapeWatch = createScrapeWatch({ log, onScrape: observer.scraped });
  }

  async look(reader: StoreReader, status: StoreStatus): Promise<boolean> {
    const first = await this.#lookOnce(reader, status);
    if (first !== 'suspected') return first === 'seen';
    await pause(DONE_MS);
    return (await this.#lookOnce(reader, status)) !== 'nothing';
  }

  noteSeen(at: number): void {
    const tookMs = this.#options.clock.monotonic() - at;
    this.#seenUntil = Math.max(this.#seenUntil, at + Math.max(SEEN_MS, SEEN_FACTOR * tookMs));
  }

  isSeen(): boolean {
    return this.#options.clock.monotonic() < this.#seenUntil;
  }

  /** @returns `suspected` if only another look can tell whether somebody has changed it */
  async #lookOnce(
    reader: StoreReader,
    status: StoreStatus,
  ): Promise<'seen' | 'suspected' | 'nothing'> {
    const { model, stampCheck, readings } = this.#options;
    const before = asShown(model.familyLines());
    const comparison = stampCheck.begin();
    const beganAt = this.#options.clock.monotonic();
    try {
      const scrape = await reader.look(comparison.add);
      const isWhole = scrape.status === 200 && scrape.names.length > 0;
      let isSuspected = false;
      if (isWhole) {
        readings.noteOwn(scrape.own, status);
        await pause(SETTLE_MS);
        isSuspected = await this.#compare(scrape, { before, comparison, beganAt });
      }
      // What was pushed or deleted meanwhile may be in the scrape or not.
      const held = new Set(asShown(model.familyLines()).keys());
      const expected = held.intersection(before);
      if (await this.#scrapeWatch.note(scrape, expected, reader)) isSuspected = true;
      if (scrape.status !== 200) return 'nothing';
      return isSuspected ? 'suspected' : 'seen';
    } catch {
      return 'nothing'; // one that breaks off tells nothing; the next probe says what there is to say
    }
  }

  /** Has the store read if a scrape shows something else; whether only another one can tell. */
  async #compare(
    scrape: Scrape,
    look: {
      readonly before: ReadonlyMap<string, number>;
      readonly comparison: ReturnType<StampCheck['begin']>;
      readonly beganAt: number;
    },
  ): Promise<boolean> {
    const { model, readings, read } = this.#options;
    const { before, comparison, beganAt } = look;
    const now = asShown(model.familyLines());
    const isUndecided = model.doubt() !== undefined && readings.isRested();
    const areNamesExplained = this.#nameCheck.areExplained(scrape, before, now);
    const lines = this.#lineCheck.compare(scrape.lines, before, now);
    const isOther = (await comparison.end()) || !areNamesExplained || lines === 'different';
    if (isOther || isUndecided) await read();
    else if (lines === 'explained') this.noteSeen(beganAt);
    else return true;
    return false;
  }
}

/** Keeps no process alive. */
async function pause(ms: number): Promise<void> {
  await delay(ms, undefined, { ref: false });
}
