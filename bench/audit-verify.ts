import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyAuditLog } from '../src/audit/verify/verify-audit-log.ts';
import { createVerifyPool } from '../src/audit/verify/verify-pool.ts';
import { ChainWriter } from '../src/audit/writer/chain-writer.ts';
import { recoverAuditLog } from '../src/audit/writer/recovery.ts';
import { nodeFileSystem } from '../src/disk/file-system.ts';
import { batch, decision, outcome } from '../test/audit/chain-fixture.ts';
import { createScratch } from '../test/support/scratch.ts';

/**
 * How fast a log is verified, and the memory that the command takes for a short log and for one
 * four times as long.
 *
 * `npm run bench -- audit-verify [RECORDS]`
 */
const [records = 200_000] = process.argv.slice(2).map(Number);
const PUSHES_A_BATCH = 500;
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Says at the end how much memory a process took at most, in KiB. */
const REPORT = 'process.on("exit",()=>console.log(process.resourceUsage().maxRSS))';

await using scratch = await createScratch();
const rows = [];
for (const count of [records, 4 * records]) {
  const file = writeLog(join(scratch.path, `${count}.jsonl`), count);
  rows.push({
    records: count,
    ...(await measureSpeed(file, 1, 'one thread')),
    ...(await measureSpeed(file, availableParallelism(), 'every core')),
    'MiB at most': measureMemory(file),
  });
}
console.table(rows);

function writeLog(file: string, count: number): string {
  const options = { file, sync: false, rotateBytes: Number.MAX_SAFE_INTEGER, keep: 1 };
  const writer = new ChainWriter(nodeFileSystem, recoverAuditLog(nodeFileSystem, file), options);
  while (writer.head.seq < count) {
    const ids = Array.from({ length: PUSHES_A_BATCH }, (_, index) => `${writer.head.seq + index}`);
    writer.commit(batch(...ids.flatMap((id) => [decision(id), outcome(id)])));
  }
  writer.close('');
  return file;
}

async function measureSpeed(file: string, threads: number, name: string) {
  const pool = createVerifyPool(threads);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const report = await verifyAuditLog(nodeFileSystem, [file], { keys: [], anchors: [] }, pool);
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (report.firstBreak !== undefined) throw new Error(report.firstBreak.problem);
  return {
    [`records/s, ${name}`]: Math.round(report.records / seconds),
    [`CPU us, ${name}`]: ((user + system) / report.records).toFixed(1),
  };
}

function measureMemory(file: string): number {
  const preload = `--import=data:text/javascript,${encodeURIComponent(REPORT)}`;
  const said = execFileSync(process.execPath, [preload, MAIN, 'audit', 'verify', file]).toString();
  return Math.round(Number(said.trim().split('\n').at(-1)) / 1024);
}
