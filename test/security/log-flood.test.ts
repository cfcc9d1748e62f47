import assert from 'node:assert/strict';
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { deny } from '../../src/core/decision.ts';
import { createRefusalLog } from '../../src/http/refusal-log.ts';
import { manualClock } from '../support/manual-clock.ts';

/**
 * The attack: every refusal was a line on stderr, and to be refused takes no credential. The lines
 * filled the disk of whoever keeps them; and since each was written before the request went on, a
 * reader that had stopped reading, a terminal on hold or a collector that hangs, stopped the whole
 * gateway after a few hundred of them.
 */
const LOG = new URL('../../src/cli/operational-log.ts', import.meta.url);
const LINES = 5000;

/** Runs a program that has a log, then says that it went on. */
function start(program: string, stderr: string, readers: StdioOptions) {
  const source = `
    import { createOperationalLog } from ${JSON.stringify(LOG.href)};
    const log = createOperationalLog();
    ${program}
    setTimeout(() => { console.log('went on'); process.exit(0); }, 100);`;
  const node = [process.execPath, '--input-type=module', '--eval', source];
  return spawn('/bin/sh', ['-c', `exec "$0" "$@" ${stderr}`, ...node], { stdio: readers });
}

test('a program whose log nobody reads goes on', { timeout: 120_000 }, async () => {
  const flood = `for (let line = 0; line < ${LINES}; line += 1) log.info('x'.repeat(100));`;
  const child = start(flood, '', ['ignore', 'pipe', 'pipe']); // of which nobody reads the last
  try {
    const [answer] = await once(child.stdout ?? assert.fail(), 'data');
    assert.equal(String(answer), 'went on\n');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('a log on a full disk loses its lines and ends nothing', { timeout: 120_000 }, async () => {
  const lost = "log.info('lost'); setTimeout(() => log.info('lost'), 50);";
  const child = start(lost, '2>/dev/full', ['ignore', 'pipe', 'inherit']);
  const [answer, [status]] = await Promise.all([
    text(child.stdout ?? assert.fail()),
    once(child, 'exit'),
  ]);
  assert.deepEqual([answer, status], ['went on\n', 0]);
});

test('what is logged before the process ends is written', { timeout: 120_000 }, async () => {
  const child = start("log.info('one'); log.info('two'); process.exit(0);", '', [
    'ignore',
    'ignore',
    'pipe',
  ]);
  const lines = (await text(child.stderr ?? assert.fail())).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['one', 'two'],
  );
});

test('refusals fill no log: some of a second are written, the others counted', () => {
  const clock = manualClock();
  const lines: object[] = [];
  const note = (_: string, fields: object = {}) => void lines.push(fields);
  const log = createRefusalLog({ info: note, warn: note, error: note }, clock);
  for (let count = 0; count < 1000; count += 1) log(`${count}`, {}, deny('credential_missing'));
  assert.equal(lines.length, 50);
  log('loud', {}, deny('upstream_invalid'));
  assert.deepEqual(lines.at(-1), { request_id: 'loud', reason: 'upstream_invalid' });
  clock.advance(1000);
  log('next', {}, deny('credential_missing'));
  const next = { request_id: 'next', reason: 'credential_missing', left_out: 950 };
  assert.deepEqual(lines.at(-1), next);
});
