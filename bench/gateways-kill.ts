import { tormentGateways } from '../test/support/gateways-laboratory.ts';
import { PUSHGATEWAYS } from '../test/support/pushgateway.ts';

/**
 * Kills gateways, Redis and Pushgateway with SIGKILL, has Redis hang and be full, while clients push
 * through three gateways, and tells what does not hold: with each Pushgateway, or with one.
 *
 * `npm run bench -- gateways-kill [ROUNDS] [SEED] [VERSION]`
 */
const [rounds = 20, seed = Date.now() % 100_000] = process.argv.slice(2, 4).map(Number);
const versions = PUSHGATEWAYS.filter((version) =>
  [version].some((one) => one === (process.argv[4] ?? version)),
);
for (const version of versions) {
  console.log(`Pushgateway ${version}, seed ${seed}`);
  const torment = { version, rounds, seed, longestHangMs: 8000, note: console.log };
  const { rounds: done, answers, counts, longestMs, faults } = await tormentGateways(torment);
  console.log(`${done} rounds:`, counts, `taken again within ${longestMs.toFixed(0)} ms`);
  console.log(Object.fromEntries([...answers].sort()));
  console.log(`${faults.length} faults`);
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}
