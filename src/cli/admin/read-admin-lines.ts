import type { IncomingMessage } from 'node:http';
import { parseObject } from '../../core/json.ts';
import { renderPrintable } from '../../core/printable.ts';
import { VERSION } from '../../version.ts';
import { describeNetworkError } from '../describe-network-error.ts';
import { openerFor } from '../open-request.ts';

/** A line of JSON that the admin side answers. */
export type Line = Readonly<Record<string, unknown>>;

interface AdminQuestion {
  readonly admin: string;
  /** With its query. */
  readonly path: string;
  /** Milliseconds that may pass without a line. */
  readonly timeout: number;
  /** Leaves: what is at hand there is ended all the same. */
  readonly signal: AbortSignal;
}

/** Of an answer that is none of the admin side. */
const SHOWN_BYTES = 300;
/** What the admin side never answers here, and the public side or a proxy does. */
const ELSEWHERE: ReadonlySet<number> = new Set([200, 401, 404]);
/** Far more than a group with the longest of keys. */
const MAX_LINE_LENGTH = 256 * 1024;

/**
 * Posts to the admin side, and gives out each line of JSON of its answer as it comes.
 * @throws Error when it cannot be reached, breaks off, is silent, or says no
 */
export async function* readAdminLines(asked: AdminQuestion): AsyncGenerator<Line> {
  const { admin, path, timeout, signal } = asked;
  const url = new URL(admin);
  const silence = watchSilence(timeout);
  try {
    const answer = await post(url, `${admin}${path}`, AbortSignal.any([silence.signal, signal]));
    const type = answer.headers['content-type'] ?? '';
    if (!type.startsWith('application/x-ndjson')) {
      const { statusCode = 0 } = answer;
      const hint = ELSEWHERE.has(statusCode) ? '\n  is this the address of the admin side?' : '';
      throw new Error(`it answers ${statusCode}: ${await readBeginning(answer)}${hint}`);
    }
    for await (const text of splitLines(answer)) {
      silence.restart();
      yield parseLine(text);
    }
  } catch (error) {
    const isSilent = silence.signal.aborted;
    const why = isSilent ? `nothing came for ${timeout / 1000} seconds` : describe(error, url);
    throw new Error(`${url.host}: ${why}`);
  } finally {
    silence.end();
  }
}

function describe(error: unknown, url: URL): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.message;
  return describeNetworkError(error, url).slice(`${url.host}: `.length);
}

function watchSilence(ms: number) {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), ms);
  return {
    signal: silent.signal,
    restart: () => void timer.refresh(),
    end: () => {
      clearTimeout(timer);
      silent.abort(); // of an answer that is not read to its end
    },
  };
}

function post(url: URL, whole: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { 'user-agent': `pushwarden/${VERSION}`, 'content-length': 0 };
  const outgoing = openerFor(url)(
    whole,
    { method: 'POST', agent: false, headers, signal },
    resolve,
  );
  outgoing.on('error', reject);
  outgoing.end();
  return promise;
}

/** Those that are not empty. */
async function* splitLines(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH) throw new Error('a line of the answer is too long');
    yield* lines.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') throw new Error('the answer broke off');
}

function parseLine(text: string): Line {
  const line = parseObject(text);
  if (line !== undefined) return { ...line };
  throw new Error(`this is no answer of the admin side: ${renderPrintable(text, SHOWN_BYTES)}`);
}

/** Its first line. */
async function readBeginning(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > SHOWN_BYTES || text.trimStart().includes('\n')) break;
  }
  const [line = ''] = text.trim().split('\n', 1);
  return renderPrintable(line, SHOWN_BYTES);
}
