import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  assertColumns,
  COMMAND,
  renderPage,
  SECTIONS,
  splitTables,
} from '../../bench/support/performance-page.ts';
import { ROOT, readProjectFile, tableRows } from './markdown.ts';

const PAGE = readProjectFile('docs/operate/performance.md');

test('docs/operate/performance.md is what its generator makes of its tables', () => {
  const [, machine = ''] = /\n\n(Measured on [^\n]+)\n/.exec(PAGE) ?? [];
  const outputs = new Map(
    SECTIONS.map((section) => {
      const [, text = ''] = PAGE.split(`\n## ${section.title}\n`);
      const [own = ''] = text.split('\n## ');
      return [section, own];
    }),
  );
  assert.equal(renderPage({ machine, outputs }), PAGE);
});

test('every row of the page on performance has all of its cells, and figures in them', () => {
  const rows = SECTIONS.flatMap(({ title }) => {
    const [, text = ''] = PAGE.split(`\n## ${title}\n`);
    return splitTables(text.split('\n## ')[0] ?? '').flatMap((table) => {
      const [head = '', , ...lines] = table.split('\n');
      assert.ok(lines.length > 1, `${title}: ${head}`);
      return lines.map((line) => ({ line, width: head.split('|').length }));
    });
  });
  for (const { line, width } of rows) {
    assert.equal(line.split('|').length, width, line);
    assert.doesNotMatch(line, /NaN|undefined|Infinity/);
  }
  assert.ok(tableRows(PAGE).length === rows.length);
});

test('the commands of the page on performance are benchmarks', () => {
  const known = readdirSync(`${ROOT}bench`);
  const [, own = ''] = /-- (\S+)/.exec(COMMAND) ?? [];
  for (const name of [own, ...SECTIONS.map(({ bench }) => bench[0])]) {
    assert.ok(known.includes(`${name}.ts`), name);
  }
});

test('tables with other columns than the page has are not written to it', () => {
  const [section] = SECTIONS;
  assert.ok(section !== undefined);
  assert.throws(() => assertColumns(section, ['| a | b |\n|---|---|\n| 1 | 2 |']), /expected/);
  assert.throws(() => assertColumns(section, []), /expected/);
});
