import assert from 'node:assert/strict';
import { PROMETHEUSES, prometheusMissing, startPrometheus } from './prometheus.ts';
import type { Pushgateway } from './pushgateway.ts';

/** Real Prometheus servers, of each version that is here, that scrape a store throughout a test. */
export interface ScrapeWitnesses extends AsyncDisposable {
  /** Fails if one of them ever found the store down, or what it serves unreadable. */
  assertAlwaysUp(): Promise<void>;
}

/** Starts them; there may be none. */
export async function startScrapeWitnesses({ port }: Pushgateway): Promise<ScrapeWitnesses> {
  await using stack = new AsyncDisposableStack();
  const present = PROMETHEUSES.filter((version) => prometheusMissing(version) === false);
  const witnesses = await Promise.all(
    present.map(async (version) =>
      stack.use(await startPrometheus({ version, target: `127.0.0.1:${port}` })),
    ),
  );
  await Promise.all(witnesses.map((witness) => witness.nextScrape()));
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
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
