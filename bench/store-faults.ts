import { PUSHGATEWAYS } from '../test/support/pushgateway.ts';
import { startScrapeWitnesses } from '../test/support/scrape-witnesses.ts';
import { tormentStore } from '../test/support/store-laboratory.ts';
import { openStorePair } from '../test/support/store-pair.ts';

/**
 * Takes a gateway through random histories of pushes, deletes, readings, restarts and timeouts, and
 * tells what a stock Pushgateway and Prometheus servers say to each.
 *
 * `npm run bench -- store-faults [HISTORIES] [SEED]`
 */
const [runs = 50, seed = Date.now() % 100_000] = process.argv.slice(2).map(Number);
for (const version of PUSHGATEWAYS) {
  await using pair = await openStorePair(version);
  await using witnesses = await startScrapeWitnesses(pair.store());
  const { statuses, agreed, stricter } = await tormentStore({ pair, runs, seed });
  await witnesses.assertNeverBroken();
  console.log(`Pushgateway ${version}, ${runs} histories, seed ${seed}:`, statuses);
  console.log(`a stock one refuses ${agreed} of these as well, and takes:`, stricter);
}
