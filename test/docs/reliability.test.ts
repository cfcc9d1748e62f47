import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { ROOT, readProjectFile, tableRows } from './markdown.ts';

const PAGE = 'docs/contribute/faults.md';
const PROMISES = 'docs/operate/reliability.md';

/** The name of a test begins with the rows that it shows and a colon. */
const TEST_NAME = /['"`]rows? (\d+(?:(?:, | and )\d+)*): /g;
const TEST_FILE = /`(test\/[^`]+)`/g;
const ROWS = 68;

const page = readProjectFile(PAGE);
const rows = tableRows(page).filter(([number = '']) => /^\d+$/.test(number));
/** `row file`, as the page has them. */
const documented = rows.flatMap(([number, ...cells]) =>
  [...cells.join().matchAll(TEST_FILE)].map(([, file = '']) => `${number} ${file}`),
);
/** `row file`, as the tests are named. */
const shown = globSync('test/**/*.test.ts', { cwd: ROOT }).flatMap((file) =>
  [...readProjectFile(file).matchAll(TEST_NAME)].flatMap(([, numbers = '']) =>
    (numbers.match(/\d+/g) ?? []).map((number) => `${number} ${file}`),
  ),
);

test(`${PAGE} has every row once`, () => {
  const numbers = rows.map(([number]) => Number(number)).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: ROWS }, (_, index) => index + 1),
  );
});

test(`every row of ${PAGE} is shown where it says, and every test that shows a row is named there`, () => {
  assert.ok(shown.length > ROWS);
  assert.deepEqual([...new Set(documented)].sort(), [...new Set(shown)].sort());
});

test(`a row of ${PAGE} that no test shows is among what ${PROMISES} cannot promise`, () => {
  const [, promises = ''] = readProjectFile(PROMISES).split('## What cannot be promised');
  const unshown = rows.filter((cells) => cells.at(-1) === '').map(([number]) => number);
  assert.ok(unshown.length > 0);
  for (const number of unshown) assert.match(promises, new RegExp(`\\(row ${number}\\)`));
});
