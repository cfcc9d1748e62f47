import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { VERSION } from '../../version.ts';
import { describeNetworkError } from '../describe-network-error.ts';
import { EXIT } from '../exit.ts';
import { createUrlParser } from '../url-option.ts';

/** Adds `--admin`, by which a command finds the admin side. */
export function addAdminOption(command: Command): Command {
  const text = 'address of the admin side: http://127.0.0.1:9095';
  return command.addOption(
    new Option('--admin <url>', text)
      .argParser(createUrlParser('the admin side asks for none'))
      .makeOptionMandatory(),
  );
}

/** Of an answer that is none of the admin side. */
const SHOWN_LENGTH = 300;

/** A line of JSON that the admin side answers. */
export type Line = Readonly<Record<string, unknown>>;

interface AdminRun {
  readonly admin: string;
  /** With its query. */
  readonly path: string;
  readonly output: 'table' | 'json';
  /** What people see of the groups and of the line that ends the answer. */
  readonly render: (groups: readonly Line[], end: Line) => readonly string[];
}

/**
 * Has the admin side go through groups, and shows what came of it; exit status 1 unless that is
 * `success`.
 * @returns the line that ends the answer
 * @throws Error when it cannot be reached, breaks off, or says no
 */
export async function showAdminRun({ admin, path, output, render }: AdminRun): Promise<Line> {
  const groups: Line[] = [];
  let end: Line | undefined;
  for await (const line of askAdmin(admin, path)) {
    if ('status' in line) end = line;
    else groups.push(line);
  }
  if (end === undefined) throw new Error('the answer has no end: is the gateway an older one?');
  if (output === 'json') console.log(JSON.stringify({ ...end, groups }, undefined, 2));
  else for (const line of render(groups, end)) console.log(line);
  const why = end['ended_early'];
  if (why !== undefined) console.error(`pushwarden: it ended early: ${String(why)}`);
  if (end['status'] !== 'success') process.exitCode = EXIT.failed;
  return end;
}

/**
 * Posts to the admin side, and gives out each line of JSON of its answer as it comes.
 * @throws Error when it cannot be reached, breaks off, or says no
 */
async function* askAdmin(admin: string, path: string): AsyncGenerator<Line> {
  const url = new URL(admin);
  const answer = await post(url, `${admin}${path}`);
  const type = answer.headers['content-type'] ?? '';
  if (!type.startsWith('application/x-ndjson')) {
    const said = await readBeginning(answer);
    throw new Error(`${url.host}: it answers ${answer.statusCode}: ${said}`);
  }
  let broken: Error | undefined;
  answer.once('error', (error) => {
    broken = error;
  });
  for await (const line of createInterface({ input: answer })) {
    if (line.trim() !== '') yield JSON.parse(line);
  }
  if (broken !== undefined || !answer.complete) {
    throw new Error(`${url.host}: the answer broke off${broken ? `: ${broken.message}` : ''}`);
  }
}

function post(url: URL, whole: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const open = url.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = { 'user-agent': `pushwarden/${VERSION}`, 'content-length': 0 };
  const outgoing = open(whole, { method: 'POST', agent: false, headers }, resolve);
  outgoing.once('error', (error) => reject(new Error(describeNetworkError(error, url))));
  outgoing.end();
  return promise;
}

async function readBeginning(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > SHOWN_LENGTH) break;
  }
  return text.slice(0, SHOWN_LENGTH).trim();
}
