import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readVerifyingKey } from '../../audit/signing-key.ts';
import type { ChainReport } from '../../audit/verify/chain-join.ts';
import { verifyAuditLog } from '../../audit/verify/verify-audit-log.ts';
import { createVerifyPool } from '../../audit/verify/verify-pool.ts';
import type { ChainHead } from '../../core/audit/audit-chain.ts';
import { isUnknownLogName } from '../../core/audit/audit-file-names.ts';
import { nodeFileSystem } from '../../disk/file-system.ts';
import { EXIT } from '../exit.ts';

interface VerifyCommandOptions {
  readonly key: readonly string[];
  readonly anchor: readonly ChainHead[];
  readonly output: 'text' | 'json';
}

/** Adds `audit verify`: exit status 0, or 3 when the chain is broken. */
export function registerAuditVerify(audit: Command): void {
  audit
    .command('verify')
    .description('check the chain of an audit log and name the first break')
    .argument(
      '<file...>',
      'all segments of one audit log, and of its unknown callers, in any order',
    )
    .option('--key <file>', 'public key of signed checkpoints; may be repeated', collect, [])
    .option('--anchor <seq:hash>', 'a place of the chain known from elsewhere', parseAnchor, [])
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async (files: readonly string[], options: VerifyCommandOptions) => {
      const keys: readonly KeyObject[] = options.key.map(readVerifyingKey);
      const pool = createVerifyPool(availableParallelism());
      const reports: ChainReport[] = [];
      for (const group of groupFiles(files)) {
        // anchors are places of the log that pushes wait for
        const anchors = reports.length === 0 ? options.anchor : [];
        reports.push(await verifyAuditLog(nodeFileSystem, group, { keys, anchors }, pool));
      }
      const isWhole = reports.every(({ firstBreak }) => firstBreak === undefined);
      console.log(
        options.output === 'json'
          ? renderJson(reports)
          : reports.map((report) => renderReport(report, keys.length > 0)).join('\n'),
      );
      if (!isWhole) process.exitCode = EXIT.refused;
    });
}

/** The log of what teams did, then that of unknown callers: each has a chain of its own. */
function groupFiles(files: readonly string[]): readonly (readonly string[])[] {
  const isUnknown = (file: string): boolean => isUnknownLogName(basename(file));
  const groups = [files.filter((file) => !isUnknown(file)), files.filter(isUnknown)];
  return groups.filter((group) => group.length > 0);
}

function renderJson([report, unknown]: readonly ChainReport[]): string {
  const ok = report?.firstBreak === undefined && unknown?.firstBreak === undefined;
  return JSON.stringify({ ok, ...report, ...(unknown && { unknown }) }, null, 2);
}

function collect(value: string, former: readonly string[]): readonly string[] {
  return [...former, value];
}

function parseAnchor(value: string, former: readonly ChainHead[]): readonly ChainHead[] {
  const [, seq, hash] = /^([1-9]\d{0,14}):(?:sha256:)?([0-9a-f]{64})$/.exec(value) ?? [];
  if (seq === undefined || hash === undefined) {
    throw new InvalidArgumentError('an anchor looks like 17:sha256:2c26…, as the log shows it');
  }
  return [...former, { seq: Number(seq), hash: `sha256:${hash}` }];
}

function renderReport(report: ChainReport, isSigned: boolean): string {
  const { records, start, head, signed, firstBreak, torn } = report;
  const lines: string[] = [];
  if (start !== undefined) {
    lines.push(`the log begins after record ${start.seq} with prev ${start.hash}`);
  }
  if (firstBreak !== undefined) {
    const { file, line, seq, problem } = firstBreak;
    const place = seq === undefined ? `${file}:${line}` : `${file}:${line}: seq ${seq}`;
    return [...lines, `${place}: ${problem}`, `FAILED: broken after ${count(records)}`].join('\n');
  }
  if (torn !== undefined) {
    lines.push(`${torn.file}:${torn.line}: warning: the last line is torn, as a crash leaves it`);
  }
  if (isSigned && signed !== undefined) lines.push(`signed up to ${signed.seq}:${signed.hash}`);
  if (head !== undefined) lines.push(`head ${head.seq}:${head.hash}`);
  return [...lines, `SUCCESS: ${count(records)}`].join('\n');
}

function count(records: number): string {
  return records === 1 ? '1 record' : `${records} records`;
}
