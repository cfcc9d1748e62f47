import { setTimeout as delay } from 'node:timers/promises';
import type { Draw } from './draw.ts';
import { TOKEN } from './one-team.ts';
import type { Operation } from './push-history.ts';

/** How many push to the same groups, and delete them: each has its own name, below that. */
export const CLIENTS = 6;
const GROUPS = ['a', 'b', 'c', 'd', 'e'] as const;
const FAMILIES = ['m0', 'm1', 'm2'] as const;
const METHODS = ['POST', 'POST', 'PUT', 'POST', 'DELETE'] as const;
/** A client that was not answered tries the next operation after this. */
const PAUSE_MS = 20;
const { authorization } = TOKEN;

interface Client {
  readonly name: number;
  readonly draw: Draw;
}

/** One client, which runs until it is stopped, one operation after the other. */
export function createClient(
  url: string,
  operations: Operation[],
  { name, draw }: Client,
): (stop: AbortSignal) => Promise<void> {
  let turn = 0;
  return async (stop) => {
    while (!stop.aborted) {
      turn += 1;
      const method = METHODS[draw(METHODS.length)] ?? 'POST';
      const first = draw(FAMILIES.length);
      const count = method === 'DELETE' ? 0 : 1 + draw(2);
      const families = [...FAMILIES, ...FAMILIES].slice(first, first + count);
      const value = String(turn * CLIENTS + name);
      const group = GROUPS[draw(GROUPS.length)] ?? 'a';
      const body = families.map((family) => `${family} ${value}\n`).join('');
      const startedAt = performance.now();
      const end = await send(`${url}/metrics/job/${group}`, method, body);
      const endedAt = performance.now();
      operations.push({ group, method, families, value, startedAt, endedAt, end });
      if (end !== 'acknowledged') await delay(PAUSE_MS);
    }
  };
}

async function send(url: string, method: string, body: string): Promise<Operation['end']> {
  const options = { method, headers: { authorization }, ...(body !== '' && { body }) };
  try {
    const answer = await fetch(url, options);
    const text = await answer.text();
    if (answer.ok) return 'acknowledged';
    return /^(overloaded|draining|rate_limited):/.test(text) ? 'refused' : 'unknown';
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isRefused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
    return isRefused ? 'refused' : 'unknown';
  }
}
