import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ownAddress } from './own-address.ts';
import { createSigningKey, type SigningKey } from './signing-key.ts';

/** How the issuer answers a request for its keys. */
export type IssuerBehaviour = (req: IncomingMessage, res: ServerResponse) => void;

/** An OpenID provider on loopback: discovery, keys, and tokens that they prove. */
export interface IssuerServer extends AsyncDisposable {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** Requests for the keys, and for the discovery document, so far. */
  readonly fetches: { readonly keys: number; readonly discovery: number };
  /** The last request for the keys. */
  readonly lastHeaders: IncomingMessage['headers'];
  /** How it answers requests for the keys from now on; undefined: with the keys. */
  behave(behaviour: IssuerBehaviour | undefined): void;
  /** Publishes these keys and signs with the last of them. */
  publish(...keys: readonly SigningKey[]): void;
  /** Signs claims: of a good token, but for what is given; undefined leaves a claim out. */
  token(claims?: object): Promise<string>;
  /** Closes the port, or opens it again. */
  listen(isListening: boolean): Promise<void>;
}

/** Audience of the tokens, unless told otherwise. */
export const AUDIENCE = 'https://push.example.com';

/** Starts one with a single key. */
export async function startIssuerServer(): Promise<IssuerServer> {
  const fetches = { keys: 0, discovery: 0 };
  let keys: readonly SigningKey[] = [await createSigningKey('first')];
  let behaviour: IssuerBehaviour | undefined;
  let lastHeaders: IncomingMessage['headers'] = {};
  const server = createServer((req, res) => {
    if (req.url === '/.well-known/openid-configuration') {
      fetches.discovery += 1;
      res.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
      return;
    }
    fetches.keys += 1;
    lastHeaders = req.headers;
    if (behaviour !== undefined) behaviour(req, res);
    else res.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
  });
  const host = ownAddress();
  const listen = async (port: number): Promise<number> => {
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port; // a TCP server that listens has one
  };
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const port = await listen(0);
  const issuer = `http://${host}:${port}`;
  return {
    issuer,
    jwksUri: `${issuer}/keys`,
    fetches,
    get lastHeaders() {
      return lastHeaders;
    },
    behave(next) {
      behaviour = next;
    },
    publish(...next) {
      keys = next;
    },
    token(claims) {
      const signer = keys.at(-1);
      if (signer === undefined) throw new TypeError('an issuer without a key');
      return signer.sign(goodClaims(issuer, claims));
    },
    listen: async (isListening) => void (isListening ? await listen(port) : await close()),
    [Symbol.asyncDispose]: close,
  };
}

/** Claims of a token that is valid for five minutes, but for what is given. */
export function goodClaims(issuer: string, claims: object = {}): object {
  const now = Math.floor(Date.now() / 1000);
  const standard = { iss: issuer, aud: AUDIENCE, sub: 'repo:acme/payments', iat: now };
  return { ...standard, exp: now + 300, ...claims };
}
