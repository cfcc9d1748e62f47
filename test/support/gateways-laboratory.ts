import { setTimeout as delay } from 'node:timers/promises';
import { createDraw } from './draw.ts';
import { type Answers, createTormentClients, describeTeams, RATE } from './gateways-clients.ts';
import { chooseFaults } from './gateways-faults.ts';
import { checkAudit, inspect, settle, watchScrape } from './gateways-inspection.ts';
import { type PushgatewayKill, startGatewaysStand } from './gateways-stand.ts';
import { listUnexplained, readHeldGroups } from './held-groups.ts';
import type { Operation } from './push-history.ts';
import type { PushgatewayVersion } from './pushgateway.ts';
import type { StateServer } from './redis-server.ts';

/** How to torment several gateways with a shared state. */
interface Torment {
  readonly version: PushgatewayVersion;
  readonly server: StateServer;
  /** In each of them something is killed, hangs or is full, and the store is looked at. */
  readonly rounds: number;
  readonly seed: number;
  /** Milliseconds that Redis hangs or is full at most. */
  readonly longestHangMs: number;
  /** Told what is done. */
  readonly note?: (line: string) => void;
}

/** What came of it. */
interface Findings {
  readonly rounds: number;
  /** Of all clients. */
  readonly answers: Answers;
  /** Of those whose groups are held against them. */
  readonly counts: Readonly<Record<Operation['end'], number>>;
  /** Milliseconds after a round until every gateway took a push to every group again, at most. */
  readonly longestMs: number;
  /** Everything that must not be; the round in which there is something is the last. */
  readonly faults: readonly string[];
}

const GATEWAYS = 3;
/** How long clients run before something happens, and after. */
const LOAD_MS = { least: 300, more: 700 };
/** In which Pushgateway writes what it has acknowledged, on a machine that is busy. */
const WRITTEN_MS = 2000;

/**
 * Has clients push to the same groups through three gateways and delete them, while gateways, Redis
 * and Pushgateway are killed, hang or are full, at random; then holds the store, and what the
 * gateways know of it, against what was answered.
 */
export async function tormentGateways(torment: Torment): Promise<Findings> {
  const { version, server, rounds, seed, note = () => undefined } = torment;
  const draw = createDraw(seed);
  const teams = describeTeams();
  await using stand = await startGatewaysStand({ version, server, gateways: GATEWAYS, teams });
  const clients = createTormentClients(
    createDraw(seed + 1),
    stand.gateways.map(({ url }) => url),
  );
  const counts = { acknowledged: 0, refused: 0, unknown: 0 };
  const faults: string[] = [];
  let history: readonly Operation[] = [];
  let longestMs = 0;
  /** Times that the rate begins anew. */
  let losses = 0;
  let round = 0;
  const beganAt = performance.now();
  while (round < rounds && faults.length === 0) {
    const chosen = chooseFaults(draw, round, torment.longestHangMs);
    note(`round ${round + 1}: ${chosen.map(({ name }) => name).join(' and ')}`);
    losses += chosen.filter(({ name }) => name.startsWith('Redis')).length;
    const stop = new AbortController();
    const running = [clients.run(stop.signal), watchScrape(stand, stop.signal)] as const;
    await delay(LOAD_MS.least + draw(LOAD_MS.more));
    const kills = await Promise.all(chosen.map(({ bring }) => bring(stand)));
    await delay(LOAD_MS.least + draw(LOAD_MS.more));
    stop.abort();
    await running[0];
    faults.push(...(await running[1]));
    const settled = await settle(stand, clients);
    faults.push(...settled.faults);
    longestMs = Math.max(longestMs, settled.tookMs);
    const added = clients.operations.splice(0);
    for (const { end } of added) counts[end] += 1;
    history = [...history, ...added];
    for (const kill of kills) {
      if (kill === undefined) continue;
      faults.push(...explainLoss(history, kill));
      history = beginAnew(history, kill);
    }
    faults.push(...(await inspect(stand, history)));
    const now = performance.now();
    const held = await readHeldGroups(stand.pushgateway());
    history = beginAnew(history, { killedAt: now, backAt: now, held });
    round += 1;
  }
  const seconds = (performance.now() - beganAt) / 1000;
  const taken = clients.answers.get('rates 202') ?? 0;
  const most = Math.ceil(RATE * (seconds + 2 + losses) + seconds / 60 + 2);
  if (taken > most) faults.push(`${taken} pushes of team rates, at most ${most}`);
  faults.push(...(await checkAudit(stand, counts.acknowledged)));
  return { rounds: round, answers: clients.answers, counts, longestMs, faults };
}

/** What it came back with has to be all but the last: that it writes from time to time alone. */
function explainLoss(
  history: readonly Operation[],
  { killedAt, held }: PushgatewayKill,
): readonly string[] {
  const before = history
    .filter(({ startedAt }) => startedAt < killedAt)
    .map((one) => (one.endedAt < killedAt - WRITTEN_MS ? one : weaken(one)));
  return listUnexplained(before, held).map((what) => `what Pushgateway came back with: ${what}`);
}

/** The history of a store that begins with what it holds now. */
function beginAnew(
  history: readonly Operation[],
  { killedAt, backAt, held }: PushgatewayKill,
): readonly Operation[] {
  const groups = new Set(history.map(({ group }) => group));
  const beginnings = [...groups].flatMap((group) => {
    const first = { group, end: 'acknowledged', startedAt: killedAt, endedAt: killedAt } as const;
    const families = Object.entries(held.get(group) ?? {}).map(([family, value], index) => {
      const at = { startedAt: killedAt + index + 1, endedAt: killedAt + index + 1 };
      return { ...first, ...at, method: 'POST', families: [family], value } as const;
    });
    return [{ ...first, method: 'DELETE', families: [], value: '' } as const, ...families];
  });
  // What began before its end may have been taken before it, and lost.
  const rest = history
    .filter(({ end, endedAt }) => end === 'unknown' || endedAt >= killedAt)
    .map((one) => (one.startedAt < backAt ? weaken(one) : one));
  const written = new Set(beginnings.map(({ value }) => value));
  return [...beginnings, ...rest.filter(({ value }) => !written.has(value))];
}

function weaken(operation: Operation): Operation {
  return operation.end === 'acknowledged' ? { ...operation, end: 'unknown' } : operation;
}
