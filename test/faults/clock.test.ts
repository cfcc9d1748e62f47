import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';
import { createSigningKey } from '../support/signing-key.ts';
import { accept, hang } from '../support/upstream-behaviour.ts';
import { push, stageDocument, TOKEN } from './stage.ts';

/** A system clock that jumps by an hour while the gateway runs. */

const HOUR_MS = 3_600_000;

/** Moves the clock of the process at each signal, as far as `jump` says. */
const JUMPING_CLOCK = (jump: number): string => `
const RealDate = Date;
let offset = 0;
globalThis.Date = class extends RealDate {
  static now() { return RealDate.now() + offset; }
  constructor(...args) { args.length === 0 ? super(Date.now()) : super(...args); }
};
process.on('SIGUSR2', () => {
  offset = ${jump};
  process.stderr.write('{"msg":"the clock jumped"}\\n');
});
`;

const KEY = await createSigningKey('k1');

/** A token that is valid for `lifetime` from `start` on, both in seconds and seen from now. */
async function signJwt(start: number, lifetime: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now + start, nbf: now + start, exp: now + start + lifetime };
  return await KEY.sign({ iss: 'https://issuer.example', aud: 'pushgw', sub: 'build', ...times });
}

async function pushAs(gateway: GatewayProcess, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const options = { method: 'PUT', headers, body: 'rows 1\n' };
  return (await fetch(`${gateway.url}/metrics/job/etl`, options)).status;
}

const JUMPS = [
  ['forward', HOUR_MS],
  ['back', -HOUR_MS],
] as const;
for (const [direction, jump] of JUMPS) {
  test(`row 36: a clock that jumps an hour ${direction} moves the time of tokens, and no timeout`, async () => {
    await using scratch = await createScratch();
    await using upstream = await startRecordingUpstream();
    const jwks = await scratch.write('jwks.json', JSON.stringify({ keys: [KEY.publicJwk] }));
    const clock = await scratch.write('clock.mjs', JUMPING_CLOCK(jump));
    const jwt = { type: 'jwt', name: 'build', issuer: 'ci', claims: { sub: 'build' } };
    const document = stageDocument(upstream.url, {
      upstream: { timeout: '500ms' },
      issuers: { ci: { issuer: 'https://issuer.example', audience: 'pushgw', jwks_file: jwks } },
      defaults: { allow: ['push'], limits: { rate: '3/s', burst: 1 } },
      teams: {
        etl: { jobs: ['*'], credentials: [TOKEN.spec] },
        ci: { jobs: ['*'], credentials: [jwt], limits: { rate: '1000/s', burst: 1000 } },
      },
    });
    await using gateway = await startGatewayProcess(document, {
      ...process.env,
      NODE_OPTIONS: `--import=${clock}`,
    });
    assert.equal((await push(gateway)).status, 200);
    assert.equal(await pushAs(gateway, await signJwt(-10, 300)), 200);
    process.kill(gateway.pid, 'SIGUSR2');
    await eventually('the jump', () =>
      gateway.log.find((line) => line.includes('the clock jumped')),
    );

    const shift = jump / 1000;
    assert.equal(await pushAs(gateway, await signJwt(-10, 300)), 401);
    assert.equal(await pushAs(gateway, await signJwt(shift - 10, 300)), 200);
    assert.equal(
      await pushAs(gateway, await signJwt(shift - 320, 300)),
      200,
      'within the tolerance',
    );
    assert.equal(await pushAs(gateway, await signJwt(shift - 400, 300)), 401);

    upstream.behave(hang);
    const started = performance.now();
    assert.equal(await pushAs(gateway, await signJwt(shift - 10, 300)), 504);
    assert.ok(performance.now() - started < 60_000, 'no timeout is an hour longer');
    upstream.behave(accept);

    for (let count = 0; count < 5; count += 1) await push(gateway);
    await eventually('the rate to allow another push', async () => {
      const answer = await push(gateway);
      assert.ok(Number(answer.headers.get('retry-after')) <= 60);
      return answer.status === 200 ? true : undefined;
    });

    assert.deepEqual(await gateway.stop('SIGTERM'), { code: 0, signal: null });
    const file = `${dirname(gateway.configFile)}/audit.jsonl`;
    const { status, stdout } = await runCli(['audit', 'verify', file]);
    assert.equal(status, 0, stdout);
  });
}
