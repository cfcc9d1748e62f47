import { randomBytes } from 'node:crypto';
import { verifyInThread } from './hashing-threads.ts';

/** How long password hashes take at present, by their cost. */
export interface HashDurations {
  /** Verifies a password and learns from it. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Passes as much time as `verify` would take, mostly without a hash. */
  pass(hash: string): Promise<void>;
}

/** Durations remembered of a cost. */
const MAX_SAMPLES = 8;
/** A duration that is older says little of how busy the machine is. */
const MAX_AGE_MS = 1000;

interface Samples {
  readonly durations: number[];
  takenAt: number;
  isUnderWay: boolean;
}

/** Creates what measures hashes; of each cost at most one in a second is computed for nobody. */
export function createHashDurations(): HashDurations {
  const byCost = new Map<string, Samples>();
  const samplesOf = (hash: string): Samples => {
    const cost = costOf(hash);
    const known = byCost.get(cost);
    if (known !== undefined) return known;
    const samples = { durations: [], takenAt: Number.NEGATIVE_INFINITY, isUnderWay: false };
    byCost.set(cost, samples);
    return samples;
  };
  const measure = async (password: string, hash: string): Promise<boolean> => {
    const began = performance.now();
    const isMatch = await verifyInThread(password, hash);
    const samples = samplesOf(hash);
    samples.takenAt = performance.now();
    samples.durations.push(samples.takenAt - began);
    if (samples.durations.length > MAX_SAMPLES) samples.durations.shift();
    return isMatch;
  };
  return {
    verify: measure,
    async pass(hash) {
      const samples = samplesOf(hash);
      const isStale = performance.now() - samples.takenAt > MAX_AGE_MS;
      if (samples.durations.length === 0 || (isStale && !samples.isUnderWay)) {
        samples.isUnderWay = true;
        await measure(randomBytes(9).toString('base64'), hash);
        samples.isUnderWay = false;
        return;
      }
      // Who is known waits for his own hash and for the time of another, whichever is longer.
      const durationMs = Math.max(pick(samples.durations), pick(samples.durations));
      await new Promise((resolve) => setTimeout(resolve, durationMs));
    },
  };
}

/** Whatever decides how long a hash takes: all before the salt. */
function costOf(hash: string): string {
  return (
    /^(?:\$2[aby]\$\d\d\$|\$argon2id\$[^$]*\$[^$]*\$|\$apr1\$|\{SHA\})/.exec(hash)?.[0] ?? hash
  );
}

function pick(durations: readonly number[]): number {
  return durations[Math.floor(Math.random() * durations.length)] ?? 0;
}
