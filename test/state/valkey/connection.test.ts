import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { createValkeyTurnstile } from '../../../src/state/valkey/turnstile.ts';
import { createScript, openValkey, type ValkeyOptions } from '../../../src/state/valkey/valkey.ts';
import { createAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { missingPrograms } from '../../support/program.ts';
import { type RedisServer, STATE_SERVERS, startRedis } from '../../support/redis-server.ts';
import { createScratch } from '../../support/scratch.ts';

/** The ways to a server, the wrong ones among them, and what the operator is told of each. */

const PING = createScript(`return redis.call('SET', KEYS[1], 'x')`);
const AWAY = { code: 'ERR_STATE_UNAVAILABLE' };
const TURN = {
  source: '',
  limits: { rate: { count: 1000, perMs: 1000 }, burst: 0, concurrent: 1000 },
};
/** What `docs/operate/scaling.md` gives a gateway. */
const RULES = '~{pushwarden}:* +@read +@write +@scripting +@connection -@dangerous +info +time';
const PASSWORD = 'wood and water';
const USER = { username: 'gateway', password: PASSWORD };

const stack = new AsyncDisposableStack();
after(() => stack.disposeAsync());
const scratch = stack.use(await createScratch());
const authority = createAuthority(scratch.path, 'authority');
const stranger = createAuthority(scratch.path, 'stranger');
const read = (file: string): string => readFileSync(file, 'utf8');
const [ca, otherCa] = [read(authority.cert), read(stranger.cert)];
const certificate = authority.issue('valkey', { san: 'IP:127.0.0.1', usage: 'serverAuth' });
const renamed = authority.issue('renamed', { san: 'DNS:elsewhere.example', usage: 'serverAuth' });
const users = [
  ...['--user', 'default', 'off'],
  ...['--user', 'gateway', 'on', `>${PASSWORD}`, ...RULES.split(' ')],
];

const nameOf = (line: string) => line.split(' ')[0];

/** Opens a connection, and tells what the operator hears of it. */
async function openNoting(options: Omit<ValkeyOptions, 'log'>) {
  const heard: string[] = [];
  const note = (message: string, fields?: object): void =>
    void heard.push(`${message} ${fields === undefined ? '' : JSON.stringify(fields)}`.trim());
  const log = { info: note, warn: note, error: note };
  return { valkey: stack.use(await openValkey({ ...options, log })), heard };
}

for (const [kind, program] of Object.entries(STATE_SERVERS)) {
  const skip = missingPrograms([program]);

  describe(`a connection to ${kind}`, { skip }, () => {
    const tls = async (files = certificate): Promise<RedisServer> =>
      stack.use(await startRedis({ program, tls: files, args: users }));

    test('is encrypted, and needs of the server no more than the documents say', async () => {
      const { url } = await tls();
      const { valkey, heard } = await openNoting({ url, ...USER, ca });
      await using turnstile = createValkeyTurnstile(valkey);
      const entry = await turnstile.team('payments').enter(TURN);
      assert.equal(entry.kind, 'entered');
      assert.deepEqual(heard, []);
    });

    test('is refused for a reason that the log names', async () => {
      const [right, wrong] = [(await tls()).url, (await tls(renamed)).url];
      const cases: readonly (readonly [what: string, Omit<ValkeyOptions, 'log'>, RegExp])[] = [
        ['a wrong password', { url: right, ...USER, password: 'x', ca }, /WRONGPASS/],
        ['no password', { url: right, ca }, /NOAUTH/],
        ['another authority', { url: right, ...USER, ca: otherCa }, /certificate/],
        ['no authority', { url: right, ...USER }, /certificate/],
        ['another name', { url: wrong, ...USER, ca }, /does not match certificate's altnames/],
        ['no TLS', { url: right.replace('rediss', 'redis'), ...USER }, /ECONNRESET|EPIPE/],
      ];
      for (const [what, options, said] of cases) {
        const { valkey, heard } = await openNoting(options);
        await assert.rejects(valkey.run(PING, [valkey.key('a')], []), AWAY, what);
        assert.equal(heard.length, 1, what);
        assert.match(heard[0] ?? '', /^state_away/);
        assert.match(heard[0] ?? '', said, what);
        assert.ok(!heard[0]?.includes(PASSWORD), what);
      }
    });
  });
}

describe('a connection', { skip: missingPrograms(['redis-7']) }, () => {
  test('what cannot be asked is an error at once, and works again when it is back', async () => {
    await using own = await startRedis();
    const { valkey, heard } = await openNoting({ url: own.url, timeoutMs: 300 });
    const turnstile = createValkeyTurnstile(valkey);
    const enter = async () => await turnstile.team('payments').enter(TURN);
    const comesBack = (what: string) =>
      eventually(what, async () => {
        const entry = await enter().catch(() => undefined);
        return entry?.kind === 'entered' ? true : undefined;
      });
    process.kill(own.pid, 'SIGSTOP');
    await assert.rejects(enter(), AWAY);
    process.kill(own.pid, 'SIGCONT');
    await comesBack('it answers again');
    await own.stop();
    await assert.rejects(enter(), AWAY);
    await eventually('the log says why', () => /ECONNREFUSED/.test(heard.join()) || undefined);
    await using again = await startRedis({ port: own.port });
    assert.equal(again.port, own.port);
    await comesBack('it is back');
    assert.deepEqual(
      heard.filter((line) => !line.includes('the connection has ended')).map(nameOf),
      ['state_away', 'state_back', 'state_away', 'state_back'],
      heard.join('\n'),
    );
    await turnstile[Symbol.asyncDispose]();
  });

  test('what one gateway asks is done in its order, whoever brings a script first', async () => {
    await using own = await startRedis();
    const { valkey } = await openNoting({ url: own.url });
    const append = createScript(`return redis.call('RPUSH', KEYS[1], ARGV[1])`);
    const list = [valkey.key('list')];
    const first = valkey.run(append, list, ['first']);
    // Before this process reads an answer, another one brings the same script.
    execFileSync('redis-cli', ['-p', String(own.port), 'SCRIPT', 'LOAD', append.lua]);
    const second = valkey.run(append, list, ['second']);
    assert.deepEqual([await first, await second].map(Number), [1, 2]);
  });
});
