import { createHash, randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { duration, instant } from '../config/engine/values.ts';
import { renderTokenChecksum, TOKEN_PREFIX } from '../core/identity/credential-form.ts';
import { parseDuration } from '../core/units.ts';
import { parseName } from './name-option.ts';

const RANDOM_BYTES = 32;

interface TokenOptions {
  readonly name: string;
  readonly expires?: string;
}

/** Adds `token create`: the token on standard output, once; its line for the file on the other. */
export function registerTokenCreate(token: Command): void {
  token
    .command('create')
    .description('make a token; only its hash goes into the configuration')
    .option('--name <name>', 'name of the credential', parseName, 'token')
    .option('--expires <date>', 'a date such as 2027-01-01, or a duration such as 90d', parseExpiry)
    .action((options: TokenOptions) => {
      const { expires } = options;
      const secret = createToken();
      const sha256 = createHash('sha256').update(secret).digest('hex');
      const until = expires === undefined ? '' : `, expires: ${expires}`;
      console.log(secret);
      console.error(
        `- { type: token, name: ${JSON.stringify(options.name)}, sha256: "${sha256}"${until} }`,
      );
    });
}

/** `pwt_`, 256 random bits, and the beginning of the SHA-256 of both, all base64url. */
export function createToken(): string {
  const body = TOKEN_PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
  return body + renderTokenChecksum(body);
}

/** As the configuration writes it. */
function parseExpiry(text: string): string {
  const written = duration.safeParse(text).success ? renderFromNow(parseDuration(text)) : text;
  if (!instant.safeParse(written).success) {
    throw new InvalidArgumentError('must be a date such as 2027-01-01 or a duration such as 90d');
  }
  if (Date.parse(written) <= Date.now()) throw new InvalidArgumentError('must be in the future');
  return written;
}

/** Empty when no calendar goes that far. */
function renderFromNow(ms: number): string {
  const time = new Date(Date.now() + ms);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}
