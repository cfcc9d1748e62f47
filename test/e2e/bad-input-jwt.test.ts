import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type BadInputRow, readBadInputCorpus } from '../support/corpus.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { createSigningKey } from '../support/signing-key.ts';

/**
 * Hostile tokens, sent as they are to a gateway that believes one issuer: none of them is let in,
 * none reaches the upstream, and a good token works after each.
 */

const ISSUER = 'https://issuer.example';
const HOUR = 3600;
const NOW = Math.floor(Date.now() / 1000);
const KEY = await createSigningKey('k1', 'RS256');

/** What differs from a token that is good. */
const TOKENS: Readonly<Record<string, { claims?: object; typ?: string }>> = {
  JWT_GOOD: {},
  JWT_EXPIRED: { claims: { iat: NOW - 2 * HOUR, exp: NOW - HOUR } },
  JWT_NBF_FUTURE: { claims: { nbf: NOW + HOUR, exp: NOW + 2 * HOUR } },
  JWT_WRONG_AUD: { claims: { aud: 'other' } },
  JWT_WRONG_ISS: { claims: { iss: 'https://other.example' } },
  JWT_ISS_SLASH: { claims: { iss: `${ISSUER}/` } },
  JWT_NO_SUB: { claims: { sub: undefined } },
  JWT_SUB_EMOJI: { claims: { sub: 'root\u{1f600}' } },
  JWT_EXP_STRING: { claims: { exp: String(NOW + HOUR) } },
  JWT_IAT_FUTURE: { claims: { iat: NOW + HOUR, exp: NOW + 2 * HOUR } },
  JWT_WRONG_TYP: { typ: 'dpop+jwt' },
};

const tokens = new Map<string, string>();
for (const [name, { claims, typ = 'at+jwt' }] of Object.entries(TOKENS)) {
  const good = { iss: ISSUER, aud: 'pushgw', sub: 'root', iat: NOW - 60, exp: NOW + HOUR };
  tokens.set(name, await KEY.sign({ ...good, ...claims }, { typ }));
}

function fillIn(text: string, port: number): Buffer {
  const filled = text.replace(/\{\{([A-Z_]+)\}\}/g, (_, name: string) =>
    name === 'HOST' ? `127.0.0.1:${port}` : (tokens.get(name) ?? assert.fail(name)),
  );
  return Buffer.from(filled, 'latin1');
}

const LEGITIMATE = [
  'PUT /metrics/job/team-a HTTP/1.1',
  'Host: {{HOST}}',
  'Authorization: Bearer {{JWT_GOOD}}',
  'Connection: close',
  'Content-Length: 11',
  '',
  'a_metric 1\n',
].join('\r\n');

describe('bad input, section jwt', () => {
  const stack = new AsyncDisposableStack();
  let upstream: RecordingUpstream;
  let gateway: TestGateway;

  before(async () => {
    upstream = stack.use(await startRecordingUpstream());
    const scratch = stack.use(await createScratch());
    const keys = JSON.stringify({ keys: [KEY.publicJwk] });
    gateway = stack.use(
      await startGateway({
        upstream: { url: upstream.url },
        issuers: {
          example: {
            issuer: ISSUER,
            audience: 'pushgw',
            typ: 'at+jwt',
            jwks_file: await scratch.write('keys.json', keys),
          },
        },
        teams: {
          a: {
            jobs: ['team-a'],
            credentials: [{ type: 'jwt', name: 'ci', issuer: 'example', claims: { sub: '*' } }],
          },
        },
      }),
    );
  });
  after(() => stack.disposeAsync());

  const rows = readBadInputCorpus().filter(({ category }) => category === 'jwt');
  test('the section has its rows', () => assert.ok(rows.length >= 28));

  async function send(text: string): Promise<number | undefined> {
    const { answers } = await exchange({ port: gateway.port, send: fillIn(text, gateway.port) });
    return finalAnswer(answers)?.status;
  }

  async function checkRow(row: BadInputRow): Promise<void> {
    upstream.forget();
    const status = await send(Buffer.from(row.raw_b64, 'base64').toString('latin1'));
    assert.ok(row.expect.status_in.includes(status ?? 0), `status ${status}`);
    assert.equal(upstream.byteCount, 0);
    assert.equal(await send(LEGITIMATE), 200);
  }

  for (const row of rows) test(`${row.id}: ${row.why}`, () => checkRow(row));
});
