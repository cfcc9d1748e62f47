import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { readEnvironment, readText } from '../../config/engine/secrets.ts';
import { UsageError } from '../exit.ts';
import { createUrlParser } from '../url-option.ts';
import { findNetrcLogin } from './netrc.ts';

/** Where the gateway is, and how this caller proves who it is. */
export interface Connection {
  /** Without a slash at the end of its path. */
  readonly url: URL;
  readonly authorization: string;
}

/** Options of every command that talks to a gateway. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}

/** Adds the options by which a command finds its gateway. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the gateway; or PUSHWARDEN_URL', parseUrl)
    .option('--token-file <file>', 'file with the token; or PUSHWARDEN_TOKEN, or a netrc file');
}

/**
 * Resolves the address and the credential from options, environment and files, in this order: the
 * token of `--token-file`, of PUSHWARDEN_TOKEN, a login of the netrc file.
 * @throws UsageError that names what is missing and where to put it
 */
export function resolveConnection({ url: given, tokenFile }: ConnectionOptions): Connection {
  const address = given ?? readEnvironment('PUSHWARDEN_URL');
  if (address === undefined || address === '') {
    throw new UsageError('the address of the gateway is missing: give --url or set PUSHWARDEN_URL');
  }
  const url = new URL(given ?? parseFromEnvironment(address));
  const token = tokenFile === undefined ? readEnvironment('PUSHWARDEN_TOKEN') : readText(tokenFile);
  if (token !== undefined && token.trim() !== '') {
    return { url, authorization: renderBearer(token.trim()) };
  }
  if (tokenFile !== undefined) throw new Error(`${tokenFile} is empty`);
  return { url, authorization: readNetrc(url) };
}

const parseUrl = createUrlParser('put them into PUSHWARDEN_TOKEN or a netrc file');

function parseFromEnvironment(address: string): string {
  try {
    return parseUrl(address);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`PUSHWARDEN_URL ${error.message}`);
  }
}

/** @see RFC 6750 section 2.1 */
function renderBearer(token: string): string {
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
    throw new Error('the token has a character that no token has; is it the right file?');
  }
  return `Bearer ${token}`;
}

function readNetrc({ hostname }: URL): string {
  const file = readEnvironment('NETRC') ?? join(homedir(), '.netrc');
  const login = findNetrcLogin(readIfThere(file), hostname);
  if (login === undefined) {
    throw new UsageError(
      `the token is missing: set PUSHWARDEN_TOKEN, give --token-file, or add machine ${hostname} to ${file}`,
    );
  }
  return `Basic ${Buffer.from(`${login.login}:${login.password}`).toString('base64')}`;
}

function readIfThere(file: string): string {
  try {
    return readText(file);
  } catch {
    return '';
  }
}
