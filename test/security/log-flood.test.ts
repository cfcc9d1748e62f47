import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deny } from '../../src/core/decision.ts';
import { createRefusalLog } from '../../src/http/refusal-log.ts';
import { manualClock } from '../support/manual-clock.ts';
import { createScratch } from '../support/scratch.ts';

/**
 * The attack: every refusal was a line on stderr, and to be refused takes no credential. The lines
 * filled the disk of whoever keeps them; and since each was written before the request went on, a
 * reader that had stopped reading, a terminal on hold or a collector that hangs, stopped the whole
 * gateway after a few hundred of them.
 */
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const REQUESTS = 1500;

test('a gateway whose log nobody reads goes on', { timeout: 60_000 }, async () => {
  await using scratch = await createScratch();
  const config = {
    listen: '127.0.0.1:0',
    admin: { listen: 'off' },
    upstream: { url: 'http://127.0.0.1:1' },
    teams: {
      etl: { jobs: ['a'], credentials: [{ type: 'token', name: 't', sha256: '0'.repeat(64) }] },
    },
  };
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(config));
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const lines = createInterface({ input: child.stderr });
    let url = '';
    for await (const line of lines) {
      url = JSON.parse(line).listen ?? '';
      if (url !== '') break;
    }
    child.stderr.pause();
    for (let count = 0; count < REQUESTS; count += 1) {
      const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
      await answer.text();
      assert.equal(answer.status, 401);
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
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
