import { tormentSpool } from '../test/support/spool-laboratory.ts';

/**
 * Kills the gateway and Pushgateway with SIGKILL while clients push to the same groups and delete
 * them, and tells for how many groups the store is not explained by what was answered.
 *
 * `npm run bench -- spool-kill [ROUNDS] [SEED]`
 */
const [rounds = 20, seed = Date.now() % 100_000] = process.argv.slice(2).map(Number);
const { operations, round, unexplained } = await tormentSpool({ version: '1.11', rounds, seed });
const counts = { acknowledged: 0, refused: 0, unknown: 0 };
for (const { end } of operations) counts[end] += 1;
console.log(`${round} rounds, seed ${seed}:`, counts, `${unexplained.length} unexplained`);
for (const one of unexplained) console.log(one);
if (unexplained.length > 0) process.exitCode = 1;
