import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditHere, writeHistory } from '../cli/audit/history.ts';
import { createScratch } from '../support/scratch.ts';
import { codeBlocks, readProjectFile } from './markdown.ts';

const PAGE = 'docs/operate/audit.md';

/** What each question on the page answers about the log of the tests. */
const ANSWERS: Readonly<Record<string, RegExp>> = {
  'who overwrote this group yesterday': /^TIME .*\n\S+ +payments\/ci +PUT +200 [^\n]*settlement\n$/,
  'which team is refused most, and why':
    /^TEAM .*\nweb +1 +91 +1 .* rate_limited 90, job_not_allowed 1/,
  'which credential was not used for 30 days: those that end in "never"':
    /\npayments\/old-cron +0 +0 +0 +never\n$/,
  'who still pushes without one': /^CLIENT .*\n10\.1\.2\.3 +1 +0 +0 [^\n]*\n$/,
  'what a team would be refused if it were not only observed': /\nmetric_not_allowed +1 +0 +1 /,
  'a draft': /^teams:\n/,
};

/** The commands of the page, each under its question. */
const QUESTIONS = codeBlocks(readProjectFile(PAGE)).flatMap((block) => {
  let question = 'a draft';
  return block.split('\n').flatMap((line) => {
    if (line.startsWith('# ')) question = line.slice(2);
    const command = /^pushwarden audit ((?:show|report|suggest-policy) .*)$/.exec(line)?.[1];
    return command === undefined ? [] : [{ question, command }];
  });
});

test(`${PAGE} asks every question once`, () => {
  assert.deepEqual(QUESTIONS.map(({ question }) => question).sort(), Object.keys(ANSWERS).sort());
});

for (const { question, command } of QUESTIONS) {
  test(`${PAGE}: ${question}`, async () => {
    await using scratch = await createScratch();
    const files = await writeHistory(scratch, Date.now());
    const config = await scratch.write('pushwarden.yaml', CONFIG);
    const args = command
      .replace(/ > .*$/, '')
      .split(' ')
      .flatMap((word) => {
        if (word === 'audit*.jsonl*') return files;
        return word === 'pushwarden.yaml' ? config : word;
      });
    assert.match(await auditHere(...args), ANSWERS[question] ?? /^$/);
  });
}

const CONFIG = JSON.stringify({
  upstream: { url: 'http://127.0.0.1:9092' },
  teams: {
    payments: {
      jobs: ['settlement', 'batch'],
      credentials: ['ci', 'old-cron'].map((name, index) => {
        return { type: 'token', name, sha256: `${index}`.repeat(64) };
      }),
    },
  },
});
