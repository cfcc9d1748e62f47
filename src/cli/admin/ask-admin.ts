import { type Command, Option } from 'commander';
import { messageOf } from '../../core/errors.ts';
import { renderJson, renderPrintable } from '../../core/printable.ts';
import { createTimeoutOption } from '../client/options.ts';
import { renderTable } from '../client/render-table.ts';
import { EXIT } from '../exit.ts';
import { createUrlParser } from '../url-option.ts';
import { type Line, readAdminLines } from './read-admin-lines.ts';

/** Options of every command that has the admin side do something. */
export interface AdminOptions {
  readonly admin: string;
  readonly timeout: number;
}

const EXAMPLE = 'http://127.0.0.1:9095';

/** Adds `--admin`, by which a command finds the admin side, and how long it waits for a line of it. */
export function addAdminOptions(command: Command): Command {
  const text = `address of the admin side: ${EXAMPLE}`;
  const silence = 'how long it may say nothing, between two groups too';
  return command
    .addOption(
      new Option('--admin <url>', text)
        .argParser(createUrlParser('the admin side asks for none', EXAMPLE))
        .makeOptionMandatory(),
    )
    .addOption(createTimeoutOption(silence, '5m'));
}

interface AdminRun extends AdminOptions {
  /** With its query. */
  readonly path: string;
  readonly output: 'table' | 'json';
  /** Numbers that the line that ends the answer has. */
  readonly counts: readonly string[];
  /** What people see of the groups: a heading, and a row for each. */
  readonly tabulate: (groups: readonly Line[]) => readonly (readonly string[])[];
  /** What they see of the line that ends the answer. */
  readonly summarize: (groups: readonly Line[], end: Line) => readonly string[];
}

const SHOWN_BYTES = 300;
const INTERRUPTED =
  'interrupted: the gateway ends what it has at hand, and the same command goes on with the rest';

/**
 * Has the admin side go through groups, and shows what came of it; exit status 1 unless that is
 * `success`. What was done until it breaks off, or somebody interrupts it, is shown too.
 * @returns the line that ends the answer
 * @throws Error when it cannot be reached, breaks off, is interrupted, or says no
 */
export async function showAdminRun(run: AdminRun): Promise<Line> {
  const groups: Line[] = [];
  using interruption = watchInterruption();
  const { signal } = interruption;
  try {
    const end = await readRun({ ...run, signal }, groups);
    showEnd(run, groups, end);
    return end;
  } catch (error) {
    const why = signal.aborted ? INTERRUPTED : messageOf(error);
    if (groups.length > 0 || signal.aborted) showUntilThen(run, groups, why);
    throw new Error(why, { cause: error });
  }
}

async function readRun(
  { counts, ...ask }: AdminRun & { readonly signal: AbortSignal },
  groups: Line[],
): Promise<Line> {
  const { host } = new URL(ask.admin);
  let end: Line | undefined;
  for await (const line of readAdminLines(ask)) {
    if (end !== undefined) throw new Error(`${host}: more came behind the end of the answer`);
    if ('status' in line) end = line;
    else groups.push(line);
  }
  if (end === undefined || !counts.every((count) => typeof end?.[count] === 'number')) {
    throw new Error(`${host}: the answer has no end: is the gateway an older one?`);
  }
  return end;
}

function showEnd(run: AdminRun, groups: readonly Line[], end: Line): void {
  if (run.output === 'json') console.log(renderJson({ ...end, groups }));
  else print([...renderGroups(run, groups), ...run.summarize(groups, end)]);
  const why = end['ended_early'];
  if (why !== undefined) {
    console.error(`pushwarden: it ended early: ${renderPrintable(String(why), SHOWN_BYTES)}`);
  }
  if (end['status'] !== 'success' || why !== undefined) process.exitCode = EXIT.failed;
}

function showUntilThen(run: AdminRun, groups: readonly Line[], why: string): void {
  if (run.output === 'json') {
    console.log(renderJson({ status: 'error', ended_early: why, groups }));
    return;
  }
  const ends = Object.groupBy(groups, ({ end }) => (typeof end === 'string' ? end : 'groups'));
  const counts = Object.entries(ends).map(([end, some = []]) => `${some.length} ${end}`);
  const told = renderPrintable(counts.join(', ') || 'nothing', SHOWN_BYTES);
  print([...renderGroups(run, groups), `until then: ${told}`]);
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

function renderGroups({ tabulate }: AdminRun, groups: readonly Line[]): readonly string[] {
  return groups.length === 0 ? [] : [renderTable(tabulate(groups))];
}

/** A second signal ends the command at once. */
function watchInterruption() {
  const interruption = new AbortController();
  const onSignal = (): void => interruption.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, onSignal);
  return {
    signal: interruption.signal,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
