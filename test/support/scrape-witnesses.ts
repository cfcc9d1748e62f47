import assert from 'node:assert/strict';
import { PROMETHEUSES, type Prometheus, prometheusMissing, startPrometheus } from './prometheus.ts';
import type { Pushgateway } from './pushgateway.ts';

/** Real Prometheus servers, of each version that is here, that scrape a store throughout a test. */
export interface ScrapeWitnesses extends AsyncDisposable {
  /** Fails if one of them ever found the store down, or what it serves unreadable. */
  assertAlwaysUp(): Promise<void>;
  /** The same of a store that may be away at times, but never serves what cannot be read. */
  assertNeverBroken(): Promise<void>;
}

/** How often the last scrape is asked for: there is one each second. */
const LOOK_MS = 250;
/** What a scrape ends in when the store does not answer. */
const AWAY = /connection refused|connection reset|broken pipe|EOF|deadline exceeded/;

/** Starts them; there may be none. */
export async function startScrapeWitnesses({
  port,
}: Pick<Pushgateway, 'port'>): Promise<ScrapeWitnesses> {
  await using stack = new AsyncDisposableStack();
  const present = PROMETHEUSES.filter((version) => prometheusMissing(version) === false);
  const witnesses = await Promise.all(
    present.map(async (version) =>
      stack.use(await startPrometheus({ version, target: `127.0.0.1:${port}` })),
    ),
  );
  await Promise.all(witnesses.map((witness) => witness.nextScrape()));
  const errors = new Set<string>();
  const look = setInterval(() => void noteErrors(witnesses, errors), LOOK_MS).unref();
  stack.defer(() => clearInterval(look));
  const owned = stack.move();
  return {
    async assertAlwaysUp() {
      for (const witness of witnesses) {
        const { health, lastError } = await witness.nextScrape();
        assert.deepEqual([health, lastError], ['up', ''], `Prometheus ${witness.version}`);
        const [lowest] = await witness.query('min_over_time(up[1h])');
        assert.equal(lowest?.value, 1, `a scrape of Prometheus ${witness.version} failed`);
      }
    },
    async assertNeverBroken() {
      for (const witness of witnesses) {
        const { health, lastError } = await witness.nextScrape();
        assert.deepEqual([health, lastError], ['up', ''], `Prometheus ${witness.version}`);
      }
      await noteErrors(witnesses, errors);
      assert.deepEqual([...errors], []);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function noteErrors(witnesses: readonly Prometheus[], errors: Set<string>): Promise<void> {
  for (const witness of witnesses) {
    const target = await witness.lastScrape().catch(() => undefined); // it ends with the test
    const { lastError = '' } = target ?? {};
    if (lastError !== '' && !AWAY.test(lastError)) errors.add(`${witness.version}: ${lastError}`);
  }
}
