import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SYSTEM_CLOCK } from '../../src/compose/clock.ts';
import { composeGateway } from '../../src/compose/compose.ts';
import { openCurrent } from '../../src/compose/current.ts';
import type { GatewayConfig } from '../../src/config/gateway-config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import type { OperationalLog } from '../../src/pipeline/ports.ts';
import { createMemoryState } from '../../src/state/memory/memory-state.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

/** A reload of many teams, while requests have their turns of the event loop. */

const TEAMS = 3000;
const SILENT: OperationalLog = { info() {}, warn() {}, error() {} };

/** A configuration in which every team differs by `version`, and some are there in one only. */
async function loadTeams(scratch: Scratch, url: string, version: string): Promise<GatewayConfig> {
  const teams = Array.from({ length: TEAMS }, (_, index) => {
    const name = index % 10 === 0 ? `team${index}_${version}` : `team${index}`;
    const sha256 = createHash('sha256').update(`${name} ${version}`).digest('hex');
    const credentials = [{ type: 'token', name: 'job', sha256, expires: '2099-01-01' }];
    const metrics = { own: [`${name}_${version}_*`] };
    return [name, { jobs: [`${name}_*`], metrics, credentials }];
  });
  const document = {
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    audit: { file: 'audit.jsonl', sync: 'none' },
    upstream: { url },
    teams: Object.fromEntries(teams),
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(document));
  const loaded = await loadConfig(file, { now: Date.now() });
  assert.ok(loaded.ok);
  return loaded.config;
}

/** Looks at every turn of the event loop until the work is over. */
async function watchTurns(work: () => Promise<unknown>, look: () => void): Promise<void> {
  let isOver = false;
  const turn = (): void => {
    look();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
}

/** Milliseconds of this thread alone: others on the machine do not count. */
function spentCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

test('no turn of the event loop has more than a small share of a reload', async () => {
  await using scratch = await createScratch();
  await using upstream = await startRecordingUpstream();
  const before = await loadTeams(scratch, upstream.url, 'a');
  const after = await loadTeams(scratch, upstream.url, 'b');
  const load = async () => ({ ok: true, config: after }) as const;
  const gateway = await composeGateway(before, { log: SILENT, load });
  const start = spentCpu();
  let last = start;
  let longest = 0;
  await watchTurns(
    async () => assert.deepEqual(await gateway.reload(), { ok: true }),
    () => {
      const now = spentCpu();
      longest = Math.max(longest, now - last);
      last = now;
    },
  );
  const whole = spentCpu() - start;
  await gateway.close('end of the test');
  assert.ok(longest < whole / 5, `${longest.toFixed(1)} of ${whole.toFixed(1)} ms in one turn`);
});

test('in every turn of a reload the teams are those before it, or those after it', async () => {
  await using scratch = await createScratch();
  await using upstream = await startRecordingUpstream();
  const before = await loadTeams(scratch, upstream.url, 'a');
  const after = await loadTeams(scratch, upstream.url, 'b');
  const { metrics, render } = createMetricsRegistry();
  const current = await openCurrent(before, {
    ...{ metrics, clock: SYSTEM_CLOCK, log: SILENT, state: createMemoryState(SYSTEM_CLOCK) },
  });
  const first = current.snapshot();
  const seen = new Set([first]);
  let turnsBefore = 0;
  await watchTurns(
    () => current.replace(after),
    () => {
      seen.add(current.snapshot());
      if (current.snapshot() === first) turnsBefore += 1;
    },
  );
  assert.ok(turnsBefore > 5, `${turnsBefore} turns before the new teams`);
  assert.deepEqual(
    [...seen].map(({ configHash }) => configHash),
    [before.hash, after.hash],
  );
  const [, last] = seen;
  const names = (config: GatewayConfig): readonly string[] => config.teams.map(({ name }) => name);
  assert.ok(names(after).every((name) => last?.policy.team(name) !== undefined));
  const gone = names(before).filter((name) => name.endsWith('_a'));
  assert.ok(gone.every((name) => last?.policy.team(name) === undefined));
  const shown = [
    ...(await render()).matchAll(/^pushwarden_credential_expires_\w+\{team="(\w+)"/gm),
  ];
  assert.deepEqual(shown.map(([, team]) => team).sort(), [...names(after)].sort());
  await current.close();
});
