import { tormentGateways } from '../test/support/gateways-laboratory.ts';
import { PUSHGATEWAYS } from '../test/support/pushgateway.ts';

/**
 * Kills gateways, Redis and Pushgateway with SIGKILL, has Redis hang and be full, while clients push
 * through three gateways, and tells what does not hold: with Pushgateway 1.5 and Redis 7, 1.11 and
 * Valkey 8, or one of them.
 *
 * `npm run bench -- gateways-kill [ROUNDS] [SEED] [VERSION]`
 */
const [rounds = 20, seed = Date.now() % 100_000] = process.argv.slice(2, 4).map(Number);
const SERVERS = { '1.5': 'Redis 7', '1.11': 'Valkey 8' } as const;
const [, , , , only] = process.argv;
const versions = PUSHGATEWAYS.filter((version) => only === undefined || String(version) === only);
for (const version of versions) {
  const server = SERVERS[version];
  console.log(`Pushgateway ${version}, ${server}, seed ${seed}`);
  const torment = { version, server, rounds, seed, longestHangMs: 8000, note: console.log };
  const { rounds: done, answers, counts, longestMs, faults } = await tormentGateways(torment);
  console.log(`${done} rounds:`, counts, `taken again within ${longestMs.toFixed(0)} ms`);
  console.log(Object.fromEntries([...answers].sort()));
  console.log(`${faults.length} faults`);
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}
