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
  /** @param expected - names of the families that the scrape must have */
  note(
    scrape: Scrape,
    expected: ReadonlySet<string>,
    reader: Pick<StoreReader, 'suspects'>,
  ): Promise<void>;
}

const LOGGED_BYTES = 512;
const LOGGED_GROUPS = 10;

/**
 * Creates the watch over scrapes: an error, or a 200 that ends before a family that is stored, is
 * what Prometheus gets as well.
 * @see pushgateway `main.go`, the handler of `--web.telemetry-path`
 */
export function createScrapeWatch({ log, onScrape }: ScrapeWatchOptions): ScrapeWatch {
  let known: Problem['kind'] | undefined;
  return {
    async note(scrape, expected, reader) {
      if (scrape.status !== 200 && scrape.status !== 500) return;
      const problem = findProblem(scrape, expected);
      if (problem === undefined) {
        if (known !== undefined) log.info('scrape_whole_again');
      } else if (problem.kind !== known) {
        const suspects = await reader.suspects(scrape.error).catch(() => []);
        const seen = suspects.filter((suspect) => isSeen(suspect, scrape.brokenHelp));
        log.error('scrape_broken', describe(problem.text, scrape.error, seen));
      }
      known = problem?.kind;
      onScrape(problem !== undefined);
    },
  };
}

/** What is wrong; the text may change while it stays the same. */
interface Problem {
  readonly kind: 'error' | 'empty' | 'cut_off' | 'help';
  readonly text: string;
}

/** What is wrong with a scrape for everybody; undefined if nothing is. */
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
  const lost = [...expected.difference(new Set(names))].sort();
  const [first] = lost;
  if (first === undefined) return undefined;
  const rest = lost.length > 1 ? ` and ${lost.length - 1} more` : '';
  return { kind: 'cut_off', text: `the scrape lacks ${renderQuoted(first)}${rest}` };
}

/** A help that is not UTF-8 is told by the scrape alone. */
export function isSeen(
  { blame, family = '' }: SuspectGroup,
  brokenHelp: readonly string[],
): boolean {
  return blame !== 'help' || brokenHelp.includes(family);
}

function describe(problem: string, error: string, suspects: readonly SuspectGroup[]): object {
  return {
    problem,
    groups: suspects
      .slice(0, LOGGED_GROUPS)
      .map(({ group, problem: why }) => ({ group, problem: why })),
    ...(suspects.length > LOGGED_GROUPS && { more_groups: suspects.length - LOGGED_GROUPS }),
    ...(error !== '' && { error: renderPrintable(joinLines(error), LOGGED_BYTES) }),
  };
}
