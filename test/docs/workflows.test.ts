import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ROOT, readProjectFile } from './markdown.ts';

interface Job {
  readonly permissions?: object;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

const { scripts, devDependencies } = JSON.parse(readProjectFile('package.json'));

for (const file of globSync('.github/workflows/*.yml', { cwd: ROOT })) {
  const text = readProjectFile(file);
  const workflow: { readonly permissions: object; readonly jobs: Readonly<Record<string, Job>> } =
    parse(text);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test(`${file} may do nothing but what a job says, and not for ever`, () => {
    assert.deepEqual(workflow.permissions, {});
    for (const job of jobs) assert.ok(job.permissions && job['timeout-minutes']);
  });

  test(`${file} uses actions by commit, with the version beside it`, () => {
    const lines = text.split('\n').filter((line) => /\buses:/.test(line));
    for (const line of lines) assert.match(line, /uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test(`${file} runs scripts that there are`, () => {
    const named = steps.flatMap(({ run = '' }) => [...run.matchAll(/npm run ([\w:]+)/g)]);
    for (const [, name = ''] of named) assert.ok(name in scripts, name);
  });
}

test('the Node of the workflows is that of the tests', () => {
  assert.equal(readProjectFile('.node-version').trim(), devDependencies.node);
});
