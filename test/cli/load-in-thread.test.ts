import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadInThread } from '../../src/cli/load-in-thread.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

const UPSTREAM = 'upstream: { url: "http://127.0.0.1:9092" }\n';

function writeTeams(count: number): string {
  const teams = Array.from(
    { length: count },
    (_, at) => `  t${at}: { jobs: ["t${at}_*"], metrics: { own: ["m${at}_*"] } }\n`,
  );
  return `${UPSTREAM}teams:\n${teams.join('')}`;
}

test('loadInThread gives what loadConfig gives, frozen', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', writeTeams(250));
  const [again, first] = [await loadInThread(file), await loadConfig(file, { now: 0 })];
  assert.ok(again.ok && first.ok);
  assert.deepEqual(again.config, first.config);
  assert.deepEqual(again.files, first.files);
  assert.ok(Object.isFrozen(again.config.teams[249]?.limits.rate));
});

test('loadInThread gives the problems of a configuration as lines', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', `${UPSTREAM}teams: { a: {} }\n`);
  const problem = `${file}:2:13: teams.a.jobs: is required`;
  assert.deepEqual(await loadInThread(file), {
    ok: false,
    problems: [problem],
    report: `${problem}\nFAILED: 1 error, 0 warnings`,
  });
});

test('loadInThread leaves nearly all of the work to its thread', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', writeTeams(2000));
  const measure = async (load: () => Promise<{ readonly ok: boolean }>): Promise<number> => {
    const before = process.threadCpuUsage();
    assert.ok((await load()).ok);
    return process.threadCpuUsage(before).user;
  };
  const here = await measure(() => loadConfig(file, { now: 0 }));
  const again = await measure(() => loadInThread(file));
  assert.ok(again < here / 3, `${again} of ${here} microseconds`);
});
