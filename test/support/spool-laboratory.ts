import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startServe } from '../faults/serve-process.ts';
import { createDraw } from './draw.ts';
import { eventually } from './eventually.ts';
import { findFreePort } from './free-port.ts';
import { listUnexplained, readHeldGroups } from './held-groups.ts';
import { oneTeam } from './one-team.ts';
import type { Operation } from './push-history.ts';
import { type PushgatewayVersion, startPushgateway } from './pushgateway.ts';
import { CLIENTS, createClient } from './pushing-clients.ts';
import { readAnew } from './read-anew.ts';
import { createScratch } from './scratch.ts';

/** How to torment a gateway with a spool. */
interface Torment {
  readonly version: PushgatewayVersion;
  /** In each of them the gateway, Pushgateway or both are killed, and the store is looked at. */
  readonly rounds: number;
  readonly seed: number;
}

/** What came of it. */
interface Findings {
  readonly operations: readonly Operation[];
  /** After how many rounds it ended: the first in which something is not explained is the last. */
  readonly round: number;
  /** One for each group that holds what no order of its operations leaves. */
  readonly unexplained: readonly string[];
}

/** How long clients run before a kill. */
const LOAD_MS = { least: 200, most: 1000 };
const AWAY_MS = 500;

/**
 * Has clients push to the same groups and delete them, while the gateway and Pushgateway are killed
 * with SIGKILL at random and started anew; then holds the store against what was answered.
 */
export async function tormentSpool({ version, rounds, seed }: Torment): Promise<Findings> {
  await using scratch = await createScratch();
  const draw = createDraw(seed);
  const saving = {
    version,
    persistenceFile: join(scratch.path, 'store'),
    args: ['--persistence.interval=300ms'],
  };
  let pushgateway = await startPushgateway(saving);
  const { url, port } = pushgateway;
  const listen = `127.0.0.1:${await findFreePort()}`;
  const document = {
    ...oneTeam({ url, timeout: '2s' }),
    ...{ listen, admin: { listen: '127.0.0.1:0' } },
    defaults: { limits: { rate: '10000/s', burst: 10_000 } },
    audit: { file: join(scratch.path, 'audit.jsonl') },
    spool: { dir: join(scratch.path, 'spool') },
  };
  const config = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  let gateway = await startServe(config).ready;
  const killPushgateway = async (): Promise<void> => {
    await pushgateway.stop('SIGKILL');
    await delay(draw(AWAY_MS));
    pushgateway = await startPushgateway({ ...saving, port });
  };
  const killGateway = async (): Promise<void> => {
    await gateway.stop('SIGKILL');
    gateway = await startServe(config).ready;
  };
  const kills = [[killPushgateway], [killPushgateway, killGateway], [killGateway]];
  const operations: Operation[] = [];
  const clients = Array.from({ length: CLIENTS }, (_, name) =>
    createClient(`http://${listen}`, operations, { name, draw: createDraw(seed + name) }),
  );
  try {
    for (let round = 0; round < rounds; round += 1) {
      const stop = new AbortController();
      const running = clients.map((run) => run(stop.signal));
      await delay(LOAD_MS.least + draw(LOAD_MS.most - LOAD_MS.least));
      // The first rounds have one of each, whatever the seed is.
      const chosen = kills[round < kills.length ? round : draw(kills.length)] ?? [];
      // What was acknowledged before a kill is seen only if nothing follows.
      if (round % 2 === 0) stop.abort();
      await Promise.all(chosen.map((kill) => kill()));
      await delay(round % 2 === 0 ? 0 : LOAD_MS.least);
      stop.abort();
      await Promise.all(running);
      await eventually('nothing waits', () => isDrained(gateway.ready.adminUrl));
      const unexplained = listUnexplained(operations, await readHeldGroups(pushgateway));
      if (unexplained.length > 0) return { operations, round: round + 1, unexplained };
    }
    return { operations, round: rounds, unexplained: [] };
  } finally {
    await gateway.stop('SIGKILL');
    await pushgateway.stop('SIGKILL');
  }
}

/** Whether Pushgateway is there, was read since its last start, and nothing waits for it. */
async function isDrained(adminUrl: string): Promise<true | undefined> {
  if (!(await readAnew(adminUrl))) return undefined;
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const isReady = (await (await fetch(`${adminUrl}/-/ready`)).text()) === 'OK\n';
  return isReady && /^pushwarden_spool_bytes 0$/m.test(metrics) ? true : undefined;
}
