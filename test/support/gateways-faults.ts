import { setTimeout as delay } from 'node:timers/promises';
import { type Draw, pick } from './draw.ts';
import type { GatewaysStand, PushgatewayKill } from './gateways-stand.ts';

/** Something that happens to a stand. */
export interface StandFault {
  readonly name: string;
  /** Resolves when it is over. */
  bring(stand: GatewaysStand): Promise<PushgatewayKill | undefined>;
}

const AWAY_MS = 800;
const UNDER_WAY_MS = 100;
const SHORTEST_HANG_MS = 1000;
/** What can happen at the same time: what happens to Redis is one thing. */
const KINDS = ['gateway', 'Redis', 'Pushgateway'] as const;

/** What happens in a round: the first ones have one of each, whatever the seed is. */
export function chooseFaults(
  draw: Draw,
  round: number,
  longestHangMs: number,
): readonly StandFault[] {
  const hangMs = (): number => SHORTEST_HANG_MS + draw(longestHangMs - SHORTEST_HANG_MS + 1);
  const redis = [loseRedis(draw(AWAY_MS)), hangRedis(hangMs()), fillRedis(hangMs())];
  const all = {
    gateway: killGateway(draw(2), draw(AWAY_MS)),
    Redis: pick(draw, redis),
    Pushgateway: killPushgateway(draw(AWAY_MS)),
  };
  const first = [[all.gateway], [redis[0]], [all.Pushgateway], [redis[1]], [redis[2]]][round];
  if (first !== undefined) return first.filter((fault) => fault !== undefined);
  const kinds = new Set([pick(draw, KINDS), pick(draw, KINDS)]);
  const chosen = [...kinds].map((kind) => all[kind]);
  return draw(4) === 0 ? [...chosen, killGateway(2, draw(AWAY_MS))] : chosen;
}

/** What it has under way then is still so: Pushgateway hangs. */
function killGateway(index: number, awayMs: number): StandFault {
  const name = `gateway ${index} is killed for ${awayMs} ms`;
  return bringing(name, async ({ gateways, pushgateway }) => {
    const { pid } = pushgateway();
    signal(pid, 'SIGSTOP');
    await delay(UNDER_WAY_MS);
    const killed = gateways[index]?.kill(awayMs);
    setTimeout(() => signal(pid, 'SIGCONT'), UNDER_WAY_MS);
    await killed;
  });
}

/** One that is killed meanwhile needs none. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it is gone
  }
}

function loseRedis(awayMs: number): StandFault {
  return bringing(`Redis is killed for ${awayMs} ms`, (stand) => stand.loseRedis(awayMs));
}

function hangRedis(ms: number): StandFault {
  return bringing(`Redis hangs for ${ms} ms`, (stand) => stand.hangRedis(ms));
}

function fillRedis(ms: number): StandFault {
  return bringing(`Redis is full for ${ms} ms`, (stand) => stand.fillRedis(ms));
}

/** One after which Pushgateway holds what it did. */
function bringing(name: string, bring: (stand: GatewaysStand) => Promise<void>): StandFault {
  return {
    name,
    async bring(stand) {
      await bring(stand);
      return undefined;
    },
  };
}

function killPushgateway(awayMs: number): StandFault {
  return {
    name: `Pushgateway is killed for ${awayMs} ms`,
    bring: (stand) => stand.killPushgateway(awayMs),
  };
}
