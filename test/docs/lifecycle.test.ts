import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_NAMES, REASONS, type Reason } from '../../src/core/reason.ts';
import { GIVEN_REASONS } from './given-reasons.ts';
import { codeSpans, readProjectFile, tableRows, withoutCodeBlocks } from './markdown.ts';

const PAGE = 'docs/lifecycle.md';
const SOURCE = 'src/pipeline/admit.ts';

const page = withoutCodeBlocks(readProjectFile(PAGE));
const source = readProjectFile(SOURCE);

/** A step is a call whose deny ends the function. */
const STEP =
  /const (\w+) = (?:await )?([\w.]+)\([^;]*;\s*if \(\1\.effect === 'deny'\) return \1;|if \(([\w.]+)\(\)\) return deny\(/g;

function stepsInCode(name: string): readonly string[] {
  const [, body = ''] = source.split(
    new RegExp(`^(?:export )?(?:async )?function ${name}\\(`, 'm'),
  );
  const [own = ''] = body.split(/^}$/m);
  return [...own.matchAll(STEP)].map(([, , called, guard]) =>
    (called ?? guard ?? '').replace(/^arrival\./, ''),
  );
}

function stepsOnPage(section: string): readonly string[] {
  return tableRows(section).flatMap(([step = '']) => codeSpans(step));
}

const sections = page
  .split(/^## /m)
  .flatMap((section) =>
    [...section.matchAll(/^In code: `(\w+)`/gm)].map(([, name = '']) => ({ name, section })),
  );

test(`${PAGE} tells of every function of ${SOURCE} that admits`, () => {
  const names = [...source.matchAll(/function (admit(?:Read|Delete|Push)?)\(/g)].map(([, n]) => n);
  assert.deepEqual(sections.map(({ name }) => name).sort(), names.sort());
});

for (const { name, section } of sections) {
  test(`${PAGE} has the steps of ${name} in the order of the code`, () => {
    const steps = stepsInCode(name);
    assert.ok(steps.length > 0);
    assert.deepEqual(stepsOnPage(section), steps);
  });
}

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
