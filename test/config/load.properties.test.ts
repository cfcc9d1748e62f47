import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { renderProblem } from '../../src/config/engine/problem.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

const EVERY_KEY = new URL('../fixtures/config/every-key.yaml', import.meta.url);
const SOURCE = readFileSync(EVERY_KEY, 'utf8');
const DOCUMENT: unknown = parse(SOURCE);

type Path = readonly (string | number)[];

function listPaths(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const inner = keys.flatMap((key) => listPaths(Reflect.get(value, key), [...path, key]));
  return [path, ...inner];
}

/** A copy in which something else stands at a path; `undefined` takes it out. */
function replaceAt(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other;
  if (typeof value !== 'object' || value === null || !(key in value)) return value;
  const changed = replaceAt(Reflect.get(value, key), rest, other);
  if (Array.isArray(value)) return value.with(Number(key), changed);
  return { ...value, [key]: changed };
}

const paths = fc.constantFrom(...listPaths(DOCUMENT));
const junk = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    [],
    {},
    '',
    '*',
    -1,
    0,
    Number.MAX_VALUE,
    null,
    true,
    'off',
    'none',
    '10s',
    [[]],
  ),
  fc.constantFrom<unknown>({ constructor: 1 }, { toString: {} }, { file: 'x', env: 'y' }),
);

async function load(text: string) {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', text);
  return loadConfig(file, { now: 0, readsSecrets: false });
}

async function assertJudged(text: string): Promise<void> {
  const result = await load(text);
  const problems = result.ok ? result.warnings : result.problems;
  const errors = problems.filter(({ severity }) => severity === 'error');
  assert.equal(errors.length > 0, !result.ok);
  const lines = text.split('\n').length;
  for (const problem of problems) {
    assert.ok(problem.line >= 1 && problem.line <= lines && problem.column >= 1);
    assert.match(renderProblem(problem), /^[^\n]+:\d+:\d+: [^\n]+$/);
  }
  const rendered = problems.map(renderProblem);
  assert.deepEqual(rendered, [...new Set(rendered)], 'a problem is shown once');
}

test('whatever stands in place of a value, it is judged and never throws', async () => {
  const changes = fc.array(fc.tuple(paths, junk), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const changed = list.reduce(
        (value, [path, other]) => replaceAt(value, path, other),
        DOCUMENT,
      );
      await assertJudged(JSON.stringify(changed) ?? '');
    }),
    { numRuns: 200 },
  );
});

test('whatever is cut out of the text or put into it, it is judged and never throws', async () => {
  const at = fc.nat(SOURCE.length);
  const pieces = fc.constantFrom(
    '',
    '*',
    '&a',
    '- ',
    ': ',
    '\n',
    '\t',
    '{',
    ']',
    '"',
    '<<',
    '\u2028',
  );
  await fc.assert(
    fc.asyncProperty(at, fc.nat(20), pieces, async (start, length, piece) => {
      await assertJudged(SOURCE.slice(0, start) + piece + SOURCE.slice(start + length));
    }),
    { numRuns: 200 },
  );
});
