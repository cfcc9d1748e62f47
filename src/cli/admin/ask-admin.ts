import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { VERSION } from '../../version.ts';
import { describeNetworkError } from '../describe-network-error.ts';
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

/**
 * Posts to the admin side, and gives out each line of JSON of its answer as it comes.
 * @throws Error when it cannot be reached, breaks off, or says no
 */
export async function* askAdmin(
  admin: string,
  path: string,
): AsyncGenerator<Readonly<Record<string, unknown>>> {
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
