import { once } from 'node:events';
import { extname } from 'node:path';
import { setImmediate as giveWay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { freezeDeep } from '../config/engine/freeze-deep.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';

const THREAD = new URL(`./load-thread${extname(import.meta.url)}`, import.meta.url);
/** Copied from the thread in one turn of the event loop; some milliseconds. */
const TEAMS_AT_ONCE = 50;

/** What the thread is to load. */
export interface LoadOrder {
  readonly file: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly instance: string | undefined;
}

/** What the thread says first. */
export type LoadedHead =
  | {
      readonly ok: false;
      readonly problems: readonly string[];
      /** All that `check` prints. */
      readonly report: string;
    }
  | {
      readonly ok: true;
      readonly rest: Omit<GatewayConfig, 'teams'>;
      readonly files: readonly string[];
      /** As lines. */
      readonly warnings: readonly string[];
      readonly teamCount: number;
    };

/**
 * Loads a configuration: complete, or its problems as lines. A thread of its own parses and checks
 * it, and it comes over in parts: ten thousand teams take seconds, in which requests are served. What
 * it takes to parse one ends with the thread, and is no memory of a process that serves.
 */
export async function loadInThread(file: string, instance?: string) {
  const order: LoadOrder = { file, now: Date.now(), instance };
  const worker = new Worker(THREAD, { workerData: order });
  try {
    const [head]: LoadedHead[] = await once(worker, 'message');
    if (head === undefined) throw new TypeError('a thread without an answer');
    if (!head.ok) return head;
    const teams: TeamSpec[] = [];
    for (let from = 0; from < head.teamCount; from += TEAMS_AT_ONCE) {
      worker.postMessage([from, from + TEAMS_AT_ONCE]);
      const [part = []]: (readonly TeamSpec[])[] = await once(worker, 'message');
      teams.push(...freezeDeep(part));
      await giveWay();
    }
    const config: GatewayConfig = Object.freeze({
      ...freezeDeep(head.rest),
      teams: Object.freeze(teams),
    });
    return { ok: true, config, files: head.files, warnings: head.warnings } as const;
  } finally {
    await worker.terminate();
  }
}
