import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { percentile } from './statistics.ts';

/** Pushes at a pace that does not wait for answers. */
export interface PacedLoad {
  /** Of the gateway. */
  readonly url: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
}

const CONNECTIONS = 16;

/** Pushes for some time; milliseconds of each push, from when it was due. Throws if one is refused. */
export async function pushPaced(load: PacedLoad): Promise<readonly number[]> {
  const { url, path, authorization, body, perSecond, seconds } = load;
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  const headers = authorization === undefined ? {} : { authorization };
  const took: number[] = [];
  const pushes: Promise<void>[] = [];
  const pushOne = async (dueAt: number): Promise<void> => {
    const answer = await pool.request({ path, method: 'POST', headers, body });
    await answer.body.dump();
    if (answer.statusCode > 202) throw new Error(`a push was answered ${answer.statusCode}`);
    took.push(performance.now() - dueAt);
  };
  const began = performance.now();
  const total = perSecond * seconds;
  while (pushes.length < total) {
    await delay(1);
    const due = Math.min(total, ((performance.now() - began) / 1000) * perSecond);
    while (pushes.length < due) pushes.push(pushOne(performance.now()));
  }
  await Promise.all(pushes);
  await pool.close();
  return took;
}

/** The value of a share of each round, as the median of the rounds. */
export function medianOf(rounds: readonly (readonly number[])[], share: number): number {
  return percentile(
    rounds.map((took) => percentile(took, share)),
    0.5,
  );
}
