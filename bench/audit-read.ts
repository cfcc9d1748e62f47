import { execFileSync } from 'node:child_process';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decision, outcome, refusal } from '../test/audit/chain-fixture.ts';
import { sealAll, type Timed } from '../test/audit/read/history-fixture.ts';
import { createScratch } from '../test/support/scratch.ts';

/**
 * How fast `audit show`, `report` and `suggest-policy` read a log, and the memory that they take.
 *
 * `npm run bench -- audit-read [MIB]`
 */
const [mebibytes = 1024] = process.argv.slice(2).map(Number);
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SEGMENTS = 4;
const PUSHES = 2000;
/** Says at the end how much memory the process took at most, in KiB, and its CPU, in seconds. */
const REPORT =
  'process.on("exit",()=>{const{maxRSS:r,userCPUTime:u,systemCPUTime:s}=process.resourceUsage();' +
  'console.error(r+" "+(u+s)/1e6)})';
const COMMANDS = [
  ['report', '--by', 'team'],
  ['report', '--by', 'client', '--scheme', 'none'],
  ['show', '--group', '/metrics/job/job7', '--since', '2026-11-22T12:10Z'],
  ['show', '--team', 'team3', '--output', 'json'],
  ['suggest-policy'],
];

await using scratch = await createScratch();
const block = Buffer.from(writeBlock());
const files = Array.from({ length: SEGMENTS }, (_, index) => writeSegment(index));
const size = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1024 ** 2;
const rows = COMMANDS.map((args) => {
  const begun = performance.now();
  const command = ['--import', `data:text/javascript,${REPORT}`, MAIN, 'audit', ...args, ...files];
  const shell = ['-c', '"$@" 2>&1 >/dev/null | tail -1', 'sh', process.execPath, ...command];
  const [rss = 0, cpu = 0] = execFileSync('sh', shell, { encoding: 'utf8' }).split(' ').map(Number);
  const seconds = (performance.now() - begun) / 1000;
  return {
    command: args.join(' '),
    'MiB/s': Math.round(size / seconds),
    'MiB/s of CPU': Math.round(size / cpu),
    'CPU s / 100 MB': Number(((cpu * 100e6) / (size * 1024 ** 2)).toFixed(2)),
    'MiB at most': Math.round(rss / 1024),
  };
});
console.log(`${Math.round(size)} MiB`);
console.table(rows);

/** Pushes of a hundred jobs of ten teams, some refused, as a gateway records them. */
function writeBlock(): string {
  const events = Array.from({ length: PUSHES }, (_, index): readonly Timed[] => {
    const now = Date.UTC(2026, 10, 22, 12) + index * 400;
    const id = `01JDA8ZJ6Q4W1N6T0X2M${String(index).padStart(6, '0')}`;
    const job = `job${index % 100}`;
    const facts = {
      team: `team${index % 10}`,
      credential: 'ci',
      scheme: 'token',
      target: `/metrics/job/${job}/instance/a`,
      job,
      grouping_key: { instance: 'a' },
      body_bytes: 812,
      decoded_bytes: 4100,
      series: 31,
      families: ['batch_duration_seconds', 'batch_rows', 'batch_last_success'],
      label_names: ['step'],
      user_agent: 'curl/8.5',
    } as const;
    if (index % 20 === 0) return [[now, refusal(id, { ...facts, reason: 'rate_limited' })]];
    return [
      [now, decision(id, facts)],
      [now, outcome(id)],
    ];
  });
  return sealAll(events.flat()).text;
}

function writeSegment(index: number): string {
  const file = join(
    scratch.path,
    index === SEGMENTS - 1 ? 'audit.jsonl' : `audit.jsonl.${String(index + 1).padStart(12, '0')}`,
  );
  const fd = openSync(file, 'w');
  const bytes = (mebibytes / SEGMENTS) * 1024 ** 2;
  for (let written = 0; written < bytes; written += block.byteLength) writeSync(fd, block);
  closeSync(fd);
  return file;
}
