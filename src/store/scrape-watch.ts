import { joinLines, renderPrintable, renderQuoted } from '../core/printable.ts';
import type { Scrape } from '../core/store/scrape-scanner.ts';
import type { SuspectGroup } from '../core/store/suspect-groups.ts';
import type { StoreReader } from '../pipeline/ports/store-reader.ts';
import type { OperationalLog } from '../pipeline/ports.ts';

interface ScrapeWatchOptions {
  readonly log: OperationalLog;
  /** Told of every scrape that could tell. */
  readonly onScrape: (isBroken: boolean) => void;
}

/** Says in the log once that one group breaks the scrape for everybody, and when it is over. */
export interface ScrapeWatch {
  /**
   * @param expected - names of the families that were stored before the scrape and after it
   * @returns whether only another look can tell: nothing was said yet
   */
  note(
    scrape: Scrape,
    expected: ReadonlySet<string>,
    reader: Pick<StoreReader, 'suspects'>,
  ): Promise<boolean>;
}

const LOGGED_BYTES = 512;
const LOGGED_GROUPS = 10;
/** What every Pushgateway says of itself, behind most names and behind the time stamps of groups. */
const OWN_NAME = 'pushgateway_build_info';
const NONE: ReadonlySet<string> = new Set();

/**
 * Creates the watch over scrapes: an error, or a 200 that ends before a family that is stored, is
 * what Prometheus gets as well.
 * @see pushgateway `main.go`, the handler of `--web.telemetry-path`
 */
export function createScrapeWatch({ log, onScrape }: ScrapeWatchOptions): ScrapeWatch {
  let known: Problem['kind'] | undefined;
  /** What the last look lacked and may have been deleted just then. */
  let suspected = NONE;

  const isDoubtful = ({ kind, doubtful = NONE }: Problem): boolean => {
    const isAgain = !suspected.isDisjointFrom(doubtful);
    suspected = doubtful;
    return kind !== known && doubtful.size > 0 && !isAgain;
  };

  return {
    async note(scrape, expected, reader) {
      if (scrape.status !== 200 && scrape.status !== 500) return false;
      const problem = findProblem(scrape, expected);
      if (problem !== undefined && isDoubtful(problem)) return true;
      if (problem === undefined) {
        suspected = NONE;
        if (known !== undefined) log.info('scrape_whole_again');
      } else if (problem.kind !== known) {
        log.error('scrape_broken', await describe(problem, scrape, reader));
      }
      known = problem?.kind;
      onScrape(problem !== undefined);
      return false;
    },
  };
}

/** What is wrong; the text may change while it stays the same. */
interface Problem {
  readonly kind: 'error' | 'empty' | 'cut_off' | 'help';
  readonly text: string;
  /** Families whose absence is all that shows it; they may have been deleted and pushed anew. */
  readonly doubtful?: ReadonlySet<string>;
}

/**
 * What is wrong with a scrape for everybody; undefined if nothing is. One that is cut off lacks all
 * families from there on, as they are in the order of their names: another one that is missing was
 * deleted.
 */
export function findProblem(
  { status, names, brokenHelp }: Scrape,
  expected: ReadonlySet<string>,
): Problem | undefined {
  if (status === 500) return { kind: 'error', text: 'the scrape answers 500' };
  if (names.length === 0) return { kind: 'empty', text: 'the scrape is empty' };
  const [help] = brokenHelp;
  if (help !== undefined) {
    return { kind: 'help', text: `the help of ${renderQuoted(help)} is not UTF-8` };
  }
  const last = names.toSorted().at(-1) ?? '';
  const lost = [...expected].filter((name) => name > last).sort();
  const [first] = lost;
  if (first === undefined) return undefined;
  const rest = lost.length > 1 ? ` and ${lost.length - 1} more` : '';
  const text = `the scrape lacks ${renderQuoted(first)}${rest}`;
  const isCertain = !names.includes(OWN_NAME);
  return { kind: 'cut_off', text, ...(!isCertain && { doubtful: new Set(lost) }) };
}

/** A help that is not UTF-8 is told by the scrape alone. */
export function isSeen(
  { blame, family = '' }: SuspectGroup,
  brokenHelp: readonly string[],
): boolean {
  return blame !== 'help' || brokenHelp.includes(family);
}

async function describe(
  { text }: Problem,
  { error, brokenHelp }: Scrape,
  reader: Pick<StoreReader, 'suspects'>,
): Promise<object> {
  const found = await reader.suspects(error).catch(() => []);
  const suspects = found.filter((suspect) => isSeen(suspect, brokenHelp));
  return {
    problem: text,
    groups: suspects
      .slice(0, LOGGED_GROUPS)
      .map(({ group, problem: why }) => ({ group, problem: why })),
    ...(suspects.length > LOGGED_GROUPS && { more_groups: suspects.length - LOGGED_GROUPS }),
    ...(error !== '' && { error: renderPrintable(joinLines(error), LOGGED_BYTES) }),
  };
}
