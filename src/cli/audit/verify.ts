import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { groupLogs } from '../../audit/read/group-logs.ts';
import { readVerifyingKey } from '../../audit/signing-key.ts';
import type { ChainReport } from '../../audit/verify/chain-join.ts';
import { verifyAuditLog } from '../../audit/verify/verify-audit-log.ts';
import { createVerifyPool } from '../../audit/verify/verify-pool.ts';
import type { ChainHead } from '../../core/audit/audit-chain.ts';
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
      const logs = await groupLogs(files);
      const gateways = new Set(logs.map(({ gateway }) => gateway));
      if (gateways.size > 1 && options.anchor.length > 0) {
        throw new InvalidArgumentError('an anchor is of one gateway: name the files of that alone');
      }
      const reports: NamedReport[] = [];
      for (const { gateway, isUnknown, files: segments } of logs) {
        // anchors are places of the log that pushes wait for
        const anchors = reports.length === 0 ? options.anchor : [];
        const report = await verifyAuditLog(nodeFileSystem, segments, { keys, anchors }, pool);
        reports.push({ ...report, gateway, isUnknown });
      }
      const isWhole = reports.every(({ firstBreak }) => firstBreak === undefined);
      console.log(
        options.output === 'json'
          ? renderJson(reports)
          : reports
              .map((report) => {
                const text = renderReport(report, keys.length > 0);
                return gateways.size > 1 ? nameLines(report, text) : text;
              })
              .join('\n'),
      );
      if (!isWhole) process.exitCode = EXIT.refused;
    });
}

interface NamedReport extends ChainReport {
  readonly gateway: string | undefined;
  readonly isUnknown: boolean;
}

/** Each line with the gateway whose chain it is about. */
function nameLines({ gateway = 'no gateway', isUnknown }: NamedReport, text: string): string {
  const name = isUnknown ? `${gateway}, unknown callers` : gateway;
  return text.replaceAll(/^/gm, `${name}: `);
}

/** Of one gateway as ever; of several, by their names. */
function renderJson(reports: readonly NamedReport[]): string {
  const byGateway = Object.groupBy(reports, ({ gateway = '' }) => gateway);
  const [only, ...others] = Object.values(byGateway);
  const ok = reports.every(({ firstBreak }) => firstBreak === undefined);
  if (others.length === 0) return JSON.stringify(describeChains(only ?? []), null, 2);
  const gateways = Object.fromEntries(
    Object.entries(byGateway).map(([name, chains = []]) => [name, describeChains(chains)]),
  );
  return JSON.stringify({ ok, gateways }, null, 2);
}

function describeChains(reports: readonly NamedReport[]): object {
  const ok = reports.every(({ firstBreak }) => firstBreak === undefined);
  const [report, unknown] = reports.map(
    ({ gateway: _gateway, isUnknown: _isUnknown, ...chain }) => chain,
  );
  return { ok, ...report, ...(unknown && { unknown }) };
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
