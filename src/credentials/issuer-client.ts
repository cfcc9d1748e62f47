import { readFile } from 'node:fs/promises';
import type { errors } from 'undici';
import { GatewayError } from '../core/errors.ts';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import { type Jwks, parseJwks } from '../core/identity/jwks.ts';
import { parseObject } from '../core/json.ts';

/** Fetches the keys of one issuer. */
export interface IssuerClient {
  /** Rejects with ERR_JWKS_UNREACHABLE or ERR_JWKS_INVALID. */
  load(): Promise<Jwks>;
  close(): Promise<void>;
}

interface IssuerClientOptions {
  /** The `iss` of its tokens; discovery starts there. */
  readonly issuer: string;
  readonly source: Extract<IssuerSpec['keys'], { type: 'remote' }>;
  /** From the connection to the last byte of an answer. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5000;
/** A key set of a large provider has some ten kilobytes. */
const MAX_ANSWER_BYTES = 256 * 1024;

/**
 * Creates a client that trusts nothing of an answer: a size and a time at most, no redirects, no
 * compression, and only 200.
 * @see OpenID Connect Discovery 1.0 section 4
 */
export function createIssuerClient(options: IssuerClientOptions): IssuerClient {
  const { issuer, source, timeoutMs = TIMEOUT_MS } = options;
  const opened = openAgent(source.ca, timeoutMs);

  const get = async (url: string): Promise<string> => {
    const { agent, request, errors } = await opened;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const headers = { accept: 'application/json', ...(await authorize(source.bearerFile)) };
      const answer = await request(url, { dispatcher: agent, signal, headers });
      if (answer.statusCode === 200) return await answer.body.text();
      answer.body.on('error', () => {}).destroy(); // which is an error to undici
      throw new Error(`answered ${answer.statusCode}`);
    } catch (cause) {
      const message = `GET ${url}: ${describe(cause, timeoutMs, errors)}`;
      throw new GatewayError('ERR_JWKS_UNREACHABLE', message, { cause });
    }
  };

  const discover = async (): Promise<string> => {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = parseObject(await get(url));
    if (found?.['issuer'] !== issuer) throw invalid(`${url} is not about the issuer ${issuer}`);
    const uri = found['jwks_uri'];
    if (typeof uri !== 'string' || !URL.canParse(uri)) throw invalid(`${url} has no jwks_uri`);
    if (isWeaker(uri, issuer)) throw invalid(`${url} names keys that are not behind https`);
    return uri;
  };

  return {
    load: async () => parseJwks(await get(source.jwksUri ?? (await discover()))),
    close: async () => (await opened).agent.destroy(),
  };
}

/** All of undici is loaded for a gateway that asks an issuer, and for no other. */
async function openAgent(ca: string | undefined, timeoutMs: number) {
  const { Agent, errors, request } = await import('undici');
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(ca && { ca }) },
    maxResponseSize: MAX_ANSWER_BYTES,
    pipelining: 0, // a connection for each request: they are minutes apart
  });
  return { agent, errors, request };
}

/** Projected tokens change while the gateway runs. */
async function authorize(bearerFile: string | undefined) {
  if (bearerFile === undefined) return {};
  return { authorization: `Bearer ${(await readFile(bearerFile, 'utf8')).trim()}` };
}

/** Keys that came in the clear would be anybody's. */
function isWeaker(uri: string, issuer: string): boolean {
  return new URL(uri).protocol !== 'https:' && new URL(issuer).protocol === 'https:';
}

function describe(error: unknown, timeoutMs: number, known: typeof errors): string {
  if (error instanceof known.ResponseExceededMaxSizeError) {
    return `the answer is larger than ${MAX_ANSWER_BYTES} bytes`;
  }
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? `no whole answer in ${timeoutMs} ms` : error.message;
}

function invalid(message: string): GatewayError {
  return new GatewayError('ERR_JWKS_INVALID', message);
}
