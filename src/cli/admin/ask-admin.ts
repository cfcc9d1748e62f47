import { type Command, Option } from 'commander';
import { renderJson, renderPrintable } from '../../core/printable.ts';
import { createTimeoutOption } from '../client/options.ts';
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
  /** What people see of the groups and of the line that ends the answer. */
  readonly render: (groups: readonly Line[], end: Line) => readonly string[];
}

const SHOWN_BYTES = 300;

/**
 * Has the admin side go through groups, and shows what came of it; exit status 1 unless that is
 * `success`.
 * @returns the line that ends the answer
 * @throws Error when it cannot be reached, breaks off, or says no
 */
export async function showAdminRun({ output, render, counts, ...ask }: AdminRun): Promise<Line> {
  const { host } = new URL(ask.admin);
  const groups: Line[] = [];
  let end: Line | undefined;
  for await (const line of readAdminLines(ask)) {
    if (end !== undefined) throw new Error(`${host}: more came behind the end of the answer`);
    if ('status' in line) end = line;
    else groups.push(line);
  }
  if (end === undefined || !counts.every((count) => typeof end?.[count] === 'number')) {
    throw new Error(`${host}: the answer has no end: is the gateway an older one?`);
  }
  if (output === 'json') console.log(renderJson({ ...end, groups }));
  else for (const line of render(groups, end)) console.log(line);
  const why = end['ended_early'];
  if (why !== undefined) {
    console.error(`pushwarden: it ended early: ${renderPrintable(String(why), SHOWN_BYTES)}`);
  }
  if (end['status'] !== 'success' || why !== undefined) process.exitCode = EXIT.failed;
  return end;
}
