import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_NAMES, REASONS } from '../../src/core/reason.ts';
import { GIVEN_REASONS } from './given-reasons.ts';
import { readProjectFile } from './markdown.ts';

const PAGE = 'docs/push/reasons.md';
const NOT_GIVEN = 'Not given yet';

/** Reason to its section: everything up to the next heading. */
const sections: ReadonlyMap<string, string> = new Map(
  readProjectFile(PAGE)
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [name = '', ...rest] = section.split('\n');
      return [name, rest.join('\n')];
    }),
);

test(`${PAGE} has every reason of the table, in its order, and no other`, () => {
  assert.deepEqual([...sections.keys()], REASON_NAMES);
});

for (const reason of REASON_NAMES) {
  test(`${PAGE} says of ${reason} what the table says, and what to do about it`, () => {
    const section = sections.get(reason) ?? '';
    const { status, title } = REASONS[reason];
    assert.match(section, /^\n\*\*/);
    assert.equal(section.split('\n')[1], `**${status}**: ${title}`);
    assert.match(section, /^- \*\*Push\*\*: ./m);
    assert.match(section, /^- \*\*Operate\*\*: ./m);
  });

  test(`${PAGE} says that ${reason} is not given exactly when no source gives it`, () => {
    assert.equal(sections.get(reason)?.includes(NOT_GIVEN), !GIVEN_REASONS.includes(reason));
  });
}
