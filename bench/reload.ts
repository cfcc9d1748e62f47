import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadInThread } from '../src/cli/load-in-thread.ts';
import { composeGateway } from '../src/compose/compose.ts';
import { loadConfig } from '../src/config/load.ts';
import type { OperationalLog } from '../src/pipeline/ports.ts';
import { startRecordingUpstream } from '../test/support/recording-upstream.ts';
import { createScratch } from '../test/support/scratch.ts';
import { YOUNG } from './support/as-started.ts';

/**
 * What a reload of many teams costs, and how long requests have to wait for their turn meanwhile:
 * processor time of the thread that serves, so that others on the machine do not count. Node has the
 * flag with which the image and the systemd units start it.
 *
 * `npm run bench -- reload [TEAMS …]`
 */
if (!process.execArgv.includes(YOUNG)) {
  const again = [YOUNG, import.meta.filename, ...process.argv.slice(2)];
  process.exit(spawnSync(process.execPath, again, { stdio: 'inherit' }).status ?? 1);
}
const counts = process.argv.slice(2).map(Number);
const RELOADS = ['b', 'c', 'd'];
const LOG: OperationalLog = { info() {}, warn() {}, error: console.error };

const rows: object[] = [];
for (const teams of counts.length > 0 ? counts : [1000, 3000, 10_000]) {
  await using scratch = await createScratch();
  await using upstream = await startRecordingUpstream();
  const write = (version: string): Promise<string> =>
    scratch.write('pushwarden.yaml', renderConfig(teams, version, upstream.url));
  const file = await write('a');
  const first = await loadConfig(file, { now: Date.now() });
  if (!first.ok) throw new Error(JSON.stringify(first.problems));
  const gateway = await composeGateway(first.config, { log: LOG, load: () => loadInThread(file) });
  for (const version of RELOADS) {
    await write(version);
    rows.push({ teams, ...(await watchTurns(gateway.reload)) });
  }
  await gateway.close('end of the benchmark');
}
console.table(rows);

/** Every team has other metrics and another token than in the version before. */
function renderConfig(count: number, version: string, url: string): string {
  const teams = Array.from({ length: count }, (_, index) => {
    const name = `team${index}`;
    const sha256 = createHash('sha256').update(`${name} ${version}`).digest('hex');
    const credentials = [{ type: 'token', name: 'job', sha256, expires: '2099-01-01' }];
    return [name, { jobs: [`${name}_*`], metrics: { own: [`${name}_${version}_*`] }, credentials }];
  });
  const listen = '127.0.0.1:0';
  const audit = { file: 'audit.jsonl', sync: 'none' };
  const document = { listen, admin: { listen }, audit, upstream: { url } };
  return JSON.stringify({ ...document, teams: Object.fromEntries(teams) });
}

/** Does the work, and looks at the processor time of each turn of the event loop. */
async function watchTurns(work: () => Promise<unknown>) {
  const begun = performance.now();
  const turns: number[] = [];
  let isOver = false;
  let last = spentCpu();
  void work().then(() => {
    isOver = true;
  });
  while (!isOver) {
    await nextTurn();
    const now = spentCpu();
    turns.push(now - last);
    last = now;
  }
  const [longest = 0, second = 0] = turns.sort((one, other) => other - one);
  return {
    'longest turn, ms': round(longest),
    'second longest, ms': round(second),
    'seconds until it is in use': round((performance.now() - begun) / 1000),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function spentCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
