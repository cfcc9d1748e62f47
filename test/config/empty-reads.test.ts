import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

const TOKEN = (digit: string) => ({ type: 'token', name: 't', sha256: digit.repeat(64) });
const reader = (jobs: readonly string[], allow = ['read']) => ({
  jobs,
  allow,
  credentials: [TOKEN('a')],
});

const cases = [
  ['nobody pushes what it may read', reader(['dashboards_*']), 1],
  ['a team pushes it', reader(['payments_daily']), 0],
  ['it may read everything', reader(['*']), 0],
  ['it pushes by itself', reader(['dashboards_*'], ['push', 'read']), 0],
] as const;
for (const [name, team, warnings] of cases) {
  test(`check warns of ${warnings} team that reads nothing where ${name}`, async () => {
    await using scratch = await createScratch();
    const file = await scratch.write(
      'pushwarden.yaml',
      JSON.stringify({
        upstream: { url: 'http://127.0.0.1:9092' },
        teams: {
          grafana: team,
          payments: { jobs: ['payments_*'], allow: ['push'], credentials: [TOKEN('b')] },
        },
      }),
    );
    const loaded = await loadConfig(file, { now: Date.now() });
    assert.ok(loaded.ok);
    const found = loaded.warnings.filter(({ message }) => message.includes('reads is empty'));
    assert.equal(found.length, warnings);
  });
}
