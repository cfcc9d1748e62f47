import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderProblem } from '../../src/config/engine/problem.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';
import { MARKDOWN_FILES, readProjectFile } from './markdown.ts';

/** A block that shows a whole configuration is marked: "```yaml config". */
const BLOCK = /^```yaml config\n([\s\S]*?)^```$/gm;

const blocks = MARKDOWN_FILES.flatMap((file) =>
  [...readProjectFile(file).matchAll(BLOCK)].map(([, yaml = ''], index) => ({ file, index, yaml })),
);

test('README.md shows a whole configuration', () => {
  assert.ok(blocks.some(({ file }) => file === 'README.md'));
});

for (const { file, index, yaml } of blocks) {
  test(`configuration ${index + 1} of ${file} passes the check, without a warning`, async () => {
    await using scratch = await createScratch();
    const path = await scratch.write('pushwarden.yaml', yaml);
    const loaded = await loadConfig(path, { now: 0, readsSecrets: false });
    const problems = loaded.ok ? loaded.warnings : loaded.problems;
    assert.deepEqual(problems.map(renderProblem), []);
  });
}
