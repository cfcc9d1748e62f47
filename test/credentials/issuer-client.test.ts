import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Jwks } from '../../src/core/identity/jwks.ts';
import { createIssuerClient, type IssuerClient } from '../../src/credentials/issuer-client.ts';
import { type CertificateAuthority, createAuthority } from '../support/certificates.ts';
import {
  type IssuerBehaviour,
  type IssuerServer,
  startIssuerServer,
} from '../support/issuer-server.ts';
import { createScratch } from '../support/scratch.ts';
import { createSigningKey } from '../support/signing-key.ts';

const TIMEOUT_MS = 400;

function answerWith(status: number, body: string, headers = {}): IssuerBehaviour {
  return (_, res) => res.writeHead(status, headers).end(body);
}

/** Writes `chunk` again and again, as fast as it is taken. */
function pour(res: ServerResponse, chunk: Buffer): void {
  while (!res.destroyed && res.write(chunk));
  if (!res.destroyed) res.once('drain', () => pour(res, chunk));
}

describe('the client of an issuer', () => {
  const stack = new AsyncDisposableStack();
  let server: IssuerServer;
  let client: IssuerClient;
  before(async () => {
    server = stack.use(await startIssuerServer());
    client = createIssuerClient({
      issuer: server.issuer,
      source: { type: 'remote', jwksUri: server.jwksUri },
      timeoutMs: TIMEOUT_MS,
    });
    stack.defer(() => client.close());
  });
  beforeEach(() => server.behave(undefined));
  after(() => stack.disposeAsync());

  test('loads the keys from where it was told, without discovery', async () => {
    const { keys } = await client.load();
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ['first'],
    );
    assert.equal(server.fetches.discovery, 0);
  });

  test('finds the keys by discovery', async () => {
    const { issuer } = server;
    const discovering = createIssuerClient({ issuer, source: { type: 'remote' } });
    const { keys } = await discovering.load();
    await discovering.close();
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      ['first'],
    );
    assert.equal(server.fetches.discovery, 1);
  });

  test('does not believe a discovery document about another issuer', async () => {
    const issuer = `${server.issuer}/`;
    const discovering = createIssuerClient({ issuer, source: { type: 'remote' } });
    await assert.rejects(discovering.load(), {
      code: 'ERR_JWKS_INVALID',
      message: `${server.issuer}/.well-known/openid-configuration is not about the issuer ${issuer}`,
    });
    await discovering.close();
  });

  test('sends the token of the bearer file as it is at that moment', async () => {
    await using scratch = await createScratch();
    const bearerFile = await scratch.write('token', 'one\n');
    const { issuer, jwksUri } = server;
    const source = { type: 'remote', jwksUri, bearerFile } as const;
    const authorized = createIssuerClient({ issuer, source });
    await authorized.load();
    assert.equal(server.lastHeaders.authorization, 'Bearer one');
    await scratch.write('token', 'two\n');
    await authorized.load();
    assert.equal(server.lastHeaders.authorization, 'Bearer two');
    await authorized.close();
  });

  const refused: readonly (readonly [string, IssuerBehaviour, string, RegExp])[] = [
    ['a 500', answerWith(500, ''), 'ERR_JWKS_UNREACHABLE', /: answered 500$/],
    ['a 204', answerWith(204, ''), 'ERR_JWKS_UNREACHABLE', /: answered 204$/],
    [
      'a redirect to keys that are good',
      (_, res) => res.writeHead(302, { location: '/elsewhere' }).end(),
      'ERR_JWKS_UNREACHABLE',
      /: answered 302$/,
    ],
    ['HTML', answerWith(200, '<html>login</html>'), 'ERR_JWKS_INVALID', /no list "keys"/],
    ['an empty body', answerWith(200, ''), 'ERR_JWKS_INVALID', /no list "keys"/],
    ['a list', answerWith(200, '[]'), 'ERR_JWKS_INVALID', /no list "keys"/],
    ['an empty set', answerWith(200, '{"keys":[]}'), 'ERR_JWKS_INVALID', /no public key/],
    [
      'a set of secret keys',
      answerWith(200, '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'),
      'ERR_JWKS_INVALID',
      /no public key/,
    ],
    [
      'a body that is too large',
      answerWith(200, ' '.repeat(262_145)),
      'ERR_JWKS_UNREACHABLE',
      /larger than 262144 bytes$/,
    ],
    [
      'a body without end',
      (_, res) => pour(res, Buffer.alloc(65_536, 0x20)),
      'ERR_JWKS_UNREACHABLE',
      /larger than 262144 bytes$/,
    ],
    ['silence', () => {}, 'ERR_JWKS_UNREACHABLE', /no whole answer in 400 ms$/],
    [
      'a body that drips',
      (_, res) => {
        const drip = setInterval(() => res.write(' '), 20);
        res.once('close', () => clearInterval(drip));
      },
      'ERR_JWKS_UNREACHABLE',
      /no whole answer in 400 ms$/,
    ],
    [
      'a body that breaks off',
      (_, res) => {
        res.writeHead(200, { 'content-length': 100 }).write('{"keys":');
        setImmediate(() => res.destroy());
      },
      'ERR_JWKS_UNREACHABLE',
      /does not match content-length header$/,
    ],
  ];
  for (const [what, behaviour, code, message] of refused) {
    test(`does not take ${what} for keys`, async () => {
      server.behave(behaviour);
      await assert.rejects(client.load(), { code, message });
    });
  }

  test('reads the body of a redirect or a refusal no further', async () => {
    const memory = process.memoryUsage().rss;
    server.behave((_, res) => {
      res.writeHead(503);
      pour(res, Buffer.alloc(65_536));
    });
    await assert.rejects(client.load(), { message: /answered 503$/ });
    assert.ok(process.memoryUsage().rss - memory < 50_000_000);
  });

  test('says that nobody listens', async () => {
    await server.listen(false);
    await assert.rejects(client.load(), { code: 'ERR_JWKS_UNREACHABLE', message: /ECONNREFUSED/ });
    await server.listen(true);
    assert.equal((await client.load()).keys.length, 1);
  });
});

describe('an issuer behind https', () => {
  const stack = new AsyncDisposableStack();
  let ca: CertificateAuthority;
  let issuer: string;
  let discovery: object;
  before(async () => {
    const scratch = stack.use(await createScratch());
    ca = createAuthority(scratch.path, 'ca');
    const files = ca.issue('issuer', { san: 'IP:127.0.0.1', usage: 'serverAuth' });
    const pair = { cert: await readFile(files.cert), key: await readFile(files.key) };
    const key = await createSigningKey('secure');
    const server = createHttpsServer(pair, (req, res) => {
      const isKeys = req.url === '/keys';
      res.end(JSON.stringify(isKeys ? { keys: [key.publicJwk] } : discovery));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stack.defer(() => void server.close());
    issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server that listens
  });
  after(() => stack.disposeAsync());

  async function load(source: object): Promise<Jwks> {
    const client = createIssuerClient({ issuer, source: { type: 'remote', ...source } });
    try {
      return await client.load();
    } finally {
      await client.close();
    }
  }

  test('is trusted with the certificates that were named for it, and not without', async () => {
    discovery = { issuer, jwks_uri: `${issuer}/keys` };
    const { keys } = await load({ ca: await readFile(ca.cert, 'utf8') });
    assert.equal(keys[0]?.['kid'], 'secure');
    await assert.rejects(load({}), { code: 'ERR_JWKS_UNREACHABLE', message: /certificate/ });
  });

  const bad = [
    ['names keys in the clear', { jwks_uri: 'http://127.0.0.1:1/keys' }, /not behind https$/],
    ['names no keys', {}, /has no jwks_uri$/],
    ['names keys that are nowhere', { jwks_uri: 'nowhere' }, /has no jwks_uri$/],
  ] as const;
  for (const [what, names, message] of bad) {
    test(`is not believed when its discovery document ${what}`, async () => {
      discovery = { issuer, ...names };
      const trusting = load({ ca: await readFile(ca.cert, 'utf8') });
      await assert.rejects(trusting, { code: 'ERR_JWKS_INVALID', message });
    });
  }
});
