import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { runCli } from '../../support/run-cli.ts';
import { createScratch } from '../../support/scratch.ts';
import {
  answerWith,
  type ScriptedAnswer,
  startScriptedServer,
} from '../../support/scripted-server.ts';

/** What `groups` and `delete` end in when they are not answered as they should be; `push` has its own. */

const HTML = { 'content-type': 'text/html' };
const refused = (status: number, reason: string, headers = {}): ScriptedAnswer =>
  answerWith(
    status,
    { 'x-request-id': '01KB', 'content-type': 'text/plain; charset=utf-8', ...headers },
    `${reason}: in the words of the gateway (01KB)\n`,
  );
const later = { 'retry-after': '0' };
const LOGIN = 'https://login.example.com/';

const CASES: readonly (readonly [string, ScriptedAnswer, status: number, error: RegExp])[] = [
  ['refused', refused(403, 'permission_missing'), 3, /^permission_missing: in the words/],
  ['a wrong token', refused(401, 'credential_invalid'), 3, /^credential_invalid: in the words/],
  ['throttled', refused(429, 'rate_limited', later), 1, /rate_limited: in the words/],
  ['draining', refused(503, 'draining', later), 1, /draining: in the words/],
  ['a failure', refused(500, 'internal_error'), 1, /internal_error: in the words/],
  ['a timeout behind', refused(504, 'upstream_timeout', later), 1, /upstream_timeout: in the/],
  [
    'redirected by a proxy',
    answerWith(302, { location: LOGIN }),
    1,
    /redirects to https:\/\/login/,
  ],
  ['HTML of a proxy', answerWith(403, HTML, '<html>no'), 1, /a web page that is not of pushwarden/],
  ['HTML with 200', answerWith(200, HTML, '<html>hi'), 1, /a web page that is not of pushwarden/],
  ['an empty 200 of nobody', answerWith(200), 1, /something that is not of pushwarden/],
  ['no answer', () => undefined, 1, /no answer within/],
  ['cut', (res) => void res.socket?.resetAndDestroy(), 1, /the connection was cut/],
];
const COMMANDS = [
  { command: 'groups', args: ['groups'] },
  { command: 'delete', args: ['delete', 'job/x', '--yes'] },
  { command: 'delete --job', args: ['delete', '--job', 'x', '--yes'] },
];
const env = { PUSHWARDEN_TOKEN: 'token' };

for (const { command, args } of COMMANDS) {
  describe(`${command} that is not done`, { concurrency: true }, () => {
    for (const [name, answer, status, error] of CASES) {
      test(`${name} ends in ${status}`, async () => {
        await using server = await startScriptedServer([answer]);
        const run = [...args, '--url', server.url, '--timeout', '8s'];
        const result = await runCli(run, { env });
        assert.equal(result.status, status, result.stderr);
        assert.equal(result.stdout, '');
        assert.doesNotMatch(result.stderr, /stored/);
        assert.match(result.stderr, error);
        assert.ok(server.seen.length > 0);
      });
    }

    test('nobody there ends in 1', async () => {
      const server = await startScriptedServer([answerWith(200)]);
      await server[Symbol.asyncDispose]();
      const result = await runCli([...args, '--url', server.url, '--timeout', '500ms'], { env });
      assert.deepEqual([result.status, result.stdout], [1, '']);
      assert.match(result.stderr, /nobody listens there/);
    });

    test('a certificate that is not trusted ends in 1, and nothing is sent', async () => {
      await using scratch = await createScratch();
      const authority = createAuthority(scratch.path, 'ca');
      const { cert, key } = authority.issue('server', {
        san: 'DNS:localhost',
        usage: 'serverAuth',
      });
      const tls = { cert: readFileSync(cert), key: readFileSync(key) };
      await using server = await startScriptedServer([answerWith(200)], tls);
      const result = await runCli([...args, '--url', server.url], { env });
      assert.deepEqual([result.status, result.stdout], [1, '']);
      assert.match(result.stderr, /certificate is not trusted here/);
      assert.equal(server.seen.length, 0);
    });
  });
}
