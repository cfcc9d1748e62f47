import type { Command } from 'commander';
import { renderJson, renderPrintable } from '../../core/printable.ts';
import { parsePushTarget } from '../../core/target/push-target.ts';
import { EXIT } from '../exit.ts';
import {
  addConnectionOptions,
  type Connection,
  type ConnectionOptions,
  resolveConnection,
} from './connection.ts';
import { listGroups, renderLabels } from './group-list.ts';
import { createTextOutputOption, createTimeoutOption, parseDurationOption } from './options.ts';
import { type Result, reportFailure, resultOf } from './report.ts';
import { sendPatiently } from './send-patiently.ts';

interface DeleteOptions extends ConnectionOptions {
  readonly job?: string;
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

/** A group that is to be deleted. */
interface Doomed {
  readonly target: string;
  readonly name: string;
}

const RETRIES = 3;
const NAME_BYTES = 300;

/** Adds `delete`: one DELETE a group; exit status 3 when one was refused. */
export function registerDelete(program: Command): void {
  const command = program
    .command('delete')
    .description('delete groups, after asking')
    .argument('[target]', 'path of one group: /metrics/job/JOB{/LABEL/VALUE}')
    .option('--job <glob>', 'the groups of these jobs; * is any run of characters')
    .option('--older-than <duration>', 'only what was not pushed for so long', parseDurationOption)
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'do not ask')
    .addOption(createTimeoutOption('for each group', '30s'))
    .addOption(createTextOutputOption());
  addConnectionOptions(command).action(runDelete);
}

async function runDelete(target: string | undefined, options: DeleteOptions): Promise<void> {
  const { job, olderThan, dryRun = false, yes = false } = options;
  if ((target === undefined) === (job === undefined) || (target && olderThan !== undefined)) {
    refuseUsage('give either a target or --job, and --older-than with --job only');
    return;
  }
  const connection = resolveConnection(options);
  const doomed = target === undefined ? await findDoomed(connection, options) : parseDoomed(target);
  if (doomed === undefined) return;
  const say = options.output === 'json' ? () => undefined : console.log;
  if (!dryRun && doomed.length > 0 && !yes && !(await isConfirmed(doomed))) return;
  // of those that no path can name it was said
  if (doomed.length === 0 && process.exitCode === undefined) say('no groups');
  const results: Result[] = [];
  for (const one of doomed) {
    results.push(
      dryRun ? spare(one, say) : await deleteGroup(connection, one, options.timeout, say),
    );
  }
  if (options.output === 'json') console.log(renderJson(results));
}

type Say = (line: string) => void;

function spare({ target, name }: Doomed, say: Say): Result {
  say(`would delete ${name}`);
  return { target, outcome: 'would_delete' };
}

function refuseUsage(message: string): void {
  console.error(`error: ${message}`);
  process.exitCode = EXIT.usage;
}

function parseDoomed(text: string): readonly Doomed[] | undefined {
  const path = text.startsWith('/') ? text : `/metrics/${text}`;
  const target = parsePushTarget(path, { emptyValues: true });
  if (target.effect === 'allow') return [{ target: target.value.canonical, name: path }];
  console.error(`target_invalid: ${target.detail}\n  a target is /metrics/job/JOB{/LABEL/VALUE}`);
  process.exitCode = EXIT.refused;
  return undefined;
}

async function findDoomed(
  connection: Connection,
  { job, olderThan, timeout }: DeleteOptions,
): Promise<readonly Doomed[] | undefined> {
  const selection = { ...(job && { job }), ...(olderThan !== undefined && { olderThan }) };
  const found = await listGroups(connection, selection, timeout);
  if (found.kind !== 'listed') {
    reportFailure(found);
    return undefined;
  }
  return found.groups.flatMap((group) => {
    const { target } = group;
    const name = renderPrintable(`${group.job} ${renderLabels(group)}`.trimEnd(), NAME_BYTES);
    if (target !== null) return [{ target, name }];
    console.error(`pushwarden: ${name}: no path names this group, the operator can quarantine it`);
    process.exitCode = EXIT.failed;
    return [];
  });
}

async function isConfirmed(doomed: readonly Doomed[]): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    console.error('error: nobody can be asked here: add --yes, or --dry-run to look first');
    process.exitCode = EXIT.usage;
    return false;
  }
  for (const { name } of doomed) console.error(name);
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const many = doomed.length === 1 ? 'this group' : `these ${doomed.length} groups`;
  const answer = await terminal.question(`Delete ${many}? [y/N] `);
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  console.error('nothing was deleted');
  process.exitCode = EXIT.failed;
  return false;
}

async function deleteGroup(
  connection: Connection,
  { target, name }: Doomed,
  timeoutMs: number,
  say: Say,
): Promise<Result> {
  const verdict = await sendPatiently(
    connection,
    { method: 'DELETE', path: target },
    {
      retries: RETRIES,
      timeoutMs,
      onRepeat: (message) => console.error(`pushwarden: ${message}`),
    },
  );
  const result = resultOf(target, verdict, 'deleted');
  if (verdict.kind === 'done') {
    const later = ': Pushgateway is away and gets it later';
    say(verdict.isSpooled ? `will delete ${name}${later}` : `deleted ${name}`);
    return result;
  }
  const before = process.exitCode;
  reportFailure(verdict);
  // what failed is worse than what was refused
  if (before === EXIT.failed) process.exitCode = EXIT.failed;
  return result;
}
