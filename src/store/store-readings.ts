import { GatewayError, messageOf } from '../core/errors.ts';
import { SCRAPE_SCOPE } from '../core/exposition/push-content.ts';
import { parseTextExposition } from '../core/exposition/text/text-exposition.ts';
import { renderPrintable } from '../core/printable.ts';
import type {
  ForeignChanges,
  GroupStore,
  ReadGroup,
  StoreContents,
} from '../core/store/group-store.ts';
import type { StoreStatus } from '../core/store/store-status.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { StoreObserver } from './followed-store.ts';

interface StoreReadingsOptions {
  readonly store: Pick<GroupStore, 'startReading'>;
  readonly clock: Clock;
  readonly log: OperationalLog;
  readonly observer: Pick<StoreObserver, 'read' | 'changedByOthers'>;
  /** Told when a reading has ended well; the model is not used for it until this resolves. */
  readonly onRead: (reading: EndedReading) => Promise<void>;
}

export interface EndedReading {
  readonly status: StoreStatus;
  /** Whether it is the first of this start of the upstream. */
  readonly isFirst: boolean;
}

/** Reads a whole store into the model, never holding it: one reading at a time, shared by all who wait for one. */
export interface StoreReadings {
  /** Whether the model is now what was read; never rejects. */
  read(reader: StoreReader, status: StoreStatus): Promise<boolean>;
  /** Notes what this start of Pushgateway has said of itself: it is not scraped for that again. */
  noteOwn(own: string, status: StoreStatus): void;
  /** The one that is under way. */
  current(): Promise<boolean> | undefined;
  /** The model is empty again. */
  forget(): void;
  /** Whether there was one, or what took its place. */
  hasRead(): boolean;
  /** Puts what is known otherwise in the place of a reading, while there can be none. */
  suppose(contents: StoreContents): Promise<void>;
  /** Whether the last one was of this start of the upstream. */
  isOf(status: StoreStatus): boolean;
  /** Whether the last one is young enough to refuse a push for it. */
  isFresh(): boolean;
  /** Whether there can be another one for what only a reading decides, without reading all the time. */
  isRested(): boolean;
}

const FRESH_MS = 15_000;
/** After a reading comes a rest, longer than the reading was. */
const REST_MS = 1000;
const REST_FACTOR = 3;
/** How often a long reading is told of. */
const PROGRESS_MS = 10_000;
/** How much of the name of a group is told. */
const LOGGED_BYTES = 512;

/** Creates the readings of one store, of which there was none yet. */
export function createStoreReadings(options: StoreReadingsOptions): StoreReadings {
  const { clock, log, observer, onRead } = options;
  let reading: Promise<boolean> | undefined;
  /** The start of the upstream that the model is of. */
  let readOf: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let restMs = REST_MS;
  let isSupposed = false;
  let noted: { readonly own: string; readonly startTime: string } | undefined;
  let lastError: string | undefined;

  const readNow = async (reader: StoreReader, status: StoreStatus): Promise<boolean> => {
    const beganAt = clock.monotonic();
    const own = noted?.startTime === status.startTime ? noted.own : undefined;
    try {
      const { changes, groups } = await readInto(options, reader, status, own);
      await onRead({ status, isFirst: readOf !== status.startTime });
      if (readOf === status.startTime) {
        tellForeign(changes, options);
      } else {
        const sinceBefore = readOf === undefined ? undefined : changes?.counts;
        const ms = Math.round(clock.monotonic() - beganAt);
        log.info('store_read', { groups, ...sinceBefore, ms });
      }
      readOf = status.startTime;
      readAt = clock.monotonic();
      restMs = Math.max(REST_MS, REST_FACTOR * (readAt - beganAt));
      lastError = undefined;
      observer.read('read');
      return true;
    } catch (error) {
      const message = messageOf(error);
      if (message !== lastError && !isOvertaken(error)) {
        log.error('store_not_read', { error: message });
      }
      lastError = message;
      observer.read('failed');
      return false;
    }
  };

  return {
    read(reader, status) {
      reading ??= readNow(reader, status).finally(() => {
        reading = undefined;
      });
      return reading;
    },
    noteOwn(own, { startTime }) {
      noted = { own, startTime };
    },
    current: () => reading,
    forget() {
      readOf = undefined;
      isSupposed = false;
    },
    hasRead: () => readOf !== undefined || isSupposed,
    async suppose(contents) {
      using pending = options.store.startReading();
      await pending.finish(contents);
      isSupposed = true;
    },
    isOf: ({ startTime }) => readOf === startTime,
    isFresh: () => clock.monotonic() - readAt < FRESH_MS,
    isRested: () => clock.monotonic() - readAt >= Math.min(restMs, FRESH_MS),
  };
}

/** Another gateway has joined, and all read anew; or the state is away, and the log says so. */
function isOvertaken(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'ERR_STATE_UNAVAILABLE';
}

async function readInto(
  { store, clock, log }: StoreReadingsOptions,
  reader: StoreReader,
  { keepsNative }: StoreStatus,
  known: string | undefined,
): Promise<{ readonly changes: ForeignChanges | undefined; readonly groups: number }> {
  using pending = store.startReading();
  let told = clock.monotonic();
  let groups = 0;
  const take = async (more: readonly ReadGroup[]): Promise<void> => {
    groups += more.length;
    await pending.add(more);
    if (clock.monotonic() - told < PROGRESS_MS) return;
    told = clock.monotonic();
    log.info('store_being_read', { groups });
  };
  await pending.begun();
  await reader.groups(take, () => {
    groups = 0;
    pending.restart();
  });
  // Nothing is known of the families of a scrape that is broken but what the API lists.
  const own = known ?? (await reader.scrape().catch(() => undefined))?.own ?? '';
  const changes = await pending.finish({ groups: [], own: parseOwn(own), keepsNative });
  return { changes, groups };
}

function tellForeign(
  changes: ForeignChanges | undefined,
  { log, observer }: Pick<StoreReadingsOptions, 'log' | 'observer'>,
): void {
  if (changes === undefined) return;
  const { counts, named } = changes;
  const groups = counts.appeared + counts.vanished + counts.changed;
  if (groups === 0) return;
  observer.changedByOthers(groups);
  log.warn('store_changed', {
    ...counts,
    groups: named.map(({ group, change }) => {
      return { group: renderPrintable(group, LOGGED_BYTES), change };
    }),
    ...(groups > named.length && { more_groups: groups - named.length }),
    why: 'somebody else pushes to this Pushgateway, or deletes from it, past the gateway',
  });
}

function parseOwn(own: string): StoreContents['own'] {
  const content = parseTextExposition(Buffer.from(own), SCRAPE_SCOPE);
  return content.effect === 'allow' ? content.value.families : [];
}
