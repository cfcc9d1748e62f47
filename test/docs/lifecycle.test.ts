import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_NAMES, REASONS, type Reason } from '../../src/core/reason.ts';
import { CHECKS } from '../../src/core/request/checks.ts';
import { GIVEN_REASONS } from './given-reasons.ts';
import { codeSpans, readProjectFile, tableRows, withoutCodeBlocks } from './markdown.ts';

const PAGE = 'docs/contribute/lifecycle.md';
const page = withoutCodeBlocks(readProjectFile(PAGE));
const [, checks = ''] = page.split(/^## The checks$/m);
const [section = ''] = checks.split(/^## /m);

function actionsOf(cell: string): readonly string[] {
  return cell === 'all' ? ['push', 'delete', 'read'] : cell.split(', ');
}

test(`${PAGE} has the table of checks row by row, with all that each can end in`, () => {
  const documented = tableRows(section).map(([name = '', of = '', , ends = '']) => ({
    name: codeSpans(name)[0],
    actions: actionsOf(of),
    reasons: codeSpans(ends),
  }));
  const rows = CHECKS.map(({ name, actions, reasons }) => ({ name, actions, reasons }));
  assert.deepEqual(documented, rows);
});

const ENDINGS = /\b([1-5]\d\d) ((?:`\w+`(?:, )?)+)/g;

test(`${PAGE} names every reason that is given, with its status, and no other`, () => {
  const endings = [...page.matchAll(ENDINGS)].flatMap(([, status, names = '']) =>
    codeSpans(names).map((reason) => `${status} ${reason}`),
  );
  const statuses = new Set(REASON_NAMES.map((reason) => `${REASONS[reason].status} ${reason}`));
  assert.deepEqual(
    endings.filter((ending) => !statuses.has(ending)),
    [],
  );
  const isReason = (word: string): word is Reason => REASON_NAMES.some((name) => name === word);
  assert.deepEqual(new Set(codeSpans(page).filter(isReason)), new Set(GIVEN_REASONS));
});
