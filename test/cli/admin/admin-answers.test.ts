import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runCli } from '../../support/run-cli.ts';
import {
  answerWith,
  type ScriptedAnswer,
  startScriptedServer,
} from '../../support/scripted-server.ts';

/** What `janitor run`, `quarantine` and `rebalance` make of what answers where the admin side should. */

const NDJSON = { 'content-type': 'application/x-ndjson' };
const HOSTILE = '\u001b]0;x\u0007\u001b[31mRED\u009b31m';
const END = {
  ...{ status: 'success', dry_run: false, due: 0, found: 0, deleted: 0, kept: 0, refused: 0 },
  ...{ moved: 0, copied: 0 },
  scrape_whole: true,
};
const lines = (...given: readonly unknown[]): ScriptedAnswer =>
  answerWith(200, NDJSON, given.map((line) => `${JSON.stringify(line)}\n`).join(''));
const drip: ScriptedAnswer = (res) => {
  res.writeHead(200, NDJSON);
  const timer = setInterval(() => res.write('\n'), 100);
  res.once('close', () => clearInterval(timer));
};

const CASES: readonly (readonly [string, ScriptedAnswer, status: number, error: RegExp])[] = [
  ['fine', lines(END), 0, /^$/],
  ['ended early', lines({ ...END, ended_early: HOSTILE }), 1, /it ended early: \\u\{1b\}\]0;x/],
  ['an error', lines({ ...END, status: 'error' }), 1, /^$/],
  ['a success of anything', lines({ status: 'success' }), 1, /has no end/],
  ['no end', lines({ target: '/metrics/job/a' }), 1, /has no end/],
  ['two ends', lines(END, END), 1, /more came behind the end/],
  ['a group behind the end', lines(END, { target: '/metrics/job/a' }), 1, /more came behind/],
  ['a number', lines(5), 1, /no answer of the admin side: 5/],
  ['no JSON', answerWith(200, NDJSON, '{\n'), 1, /no answer of the admin side: \{/],
  ['a line that is cut off', answerWith(200, NDJSON, '{"a"'), 1, /the answer broke off/],
  ['a redirect', answerWith(307, { location: '/x' }), 1, /it answers 307/],
  ['colours', answerWith(500, {}, HOSTILE), 1, /it answers 500: \\u\{1b\}\]0;x/],
  ['silence', () => undefined, 1, /nothing came for 2 seconds/],
  ['empty lines', drip, 1, /nothing came for 2 seconds/],
  ['an endless line', answerWith(200, NDJSON, 'a'.repeat(1_000_000)), 1, /line .* is too long/],
  ['cut', (res) => void res.socket?.resetAndDestroy(), 1, /the connection was cut/],
];

const COMMANDS = [
  { command: ['janitor', 'run'], cases: CASES },
  { command: ['quarantine'], cases: CASES },
  { command: ['rebalance'], cases: CASES.slice(0, 4) }, // it reads them as the others do
];

for (const { command, cases } of COMMANDS) {
  describe(command.join(' '), { concurrency: true }, () => {
    for (const [name, answer, status, error] of cases) {
      test(`${name} ends in ${status}`, async () => {
        await using server = await startScriptedServer([answer]);
        const result = await runCli([...command, '--admin', server.url, '--timeout', '2s']);
        assert.equal(result.status, status, result.stderr);
        assert.match(result.stderr, error);
        if (status > 0 && result.stderr !== '') assert.match(result.stderr, /localhost:\d+:|early/);
        assert.ok(![...result.stderr].some((one) => one < ' ' && one !== '\n'));
      });
    }
  });
}

describe('what was done until then is shown', { concurrency: true }, () => {
  const moved = { target: '/metrics/job/a', from: 'x', to: 'y', series: 3, end: 'moved' };
  const kept = { ...moved, target: '/metrics/job/b', end: 'kept', detail: HOSTILE };
  const run = (url: string, ...args: readonly string[]) => ['rebalance', '--admin', url, ...args];

  test('when the gateway ends', async () => {
    await using server = await startScriptedServer([
      (res) => {
        res.writeHead(200, NDJSON);
        for (const group of [moved, kept, moved]) res.write(`${JSON.stringify(group)}\n`);
        setTimeout(() => res.socket?.resetAndDestroy(), 100);
      },
    ]);
    const { status, stdout, stderr } = await runCli(run(server.url));
    assert.equal(status, 1);
    assert.match(stdout, /^\/metrics\/job\/a +- +x +y +3 +moved/m);
    assert.match(stdout, /^until then: 2 moved, 1 kept$/m);
    assert.match(stderr, /the connection was cut/);
    const json = await runCli(run(server.url, '--output', 'json'));
    const { ended_early, groups } = JSON.parse(json.stdout);
    assert.match(ended_early, /the connection was cut/);
    assert.deepEqual(groups.length, 3);
  });

  test('when somebody interrupts the command', async () => {
    const { promise: interrupted, resolve } = Promise.withResolvers<void>();
    await using server = await startScriptedServer([
      (res) => {
        res.writeHead(200, NDJSON);
        let count = 0;
        const timer = setInterval(() => {
          res.write(`${JSON.stringify(moved)}\n`);
          count += 1;
          if (count === 20) resolve();
        }, 20);
        res.once('close', () => clearInterval(timer));
      },
    ]);
    const { status, stdout, stderr } = await runCli(run(server.url), { interrupted });
    assert.equal(status, 1);
    assert.match(stdout, /^until then: \d+ moved$/m);
    assert.match(stderr, /^pushwarden: interrupted: .* goes on with the rest$/m);
  });
});
