import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';
import { codeSpans, MARKDOWN_FILES, ROOT, readProjectFile, withoutCodeBlocks } from './markdown.ts';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const ELSEWHERE = /^[a-z]+:/;

/** A path that a text names, without a placeholder in it. */
const PROJECT_PATH =
  /^(?:\.ci|bench|deploy|docs|examples|nginx-compare|scripts|src|test)\/[\w./-]*$/;

/** The anchors that a hosting site makes of the headings. */
function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...withoutCodeBlocks(markdown).matchAll(/^#+ (.+)$/gm)];
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function isBroken(file: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (target.startsWith('..') || !existsSync(ROOT + target)) return true;
  return anchor !== undefined && !anchors(readProjectFile(target)).has(anchor);
}

for (const file of MARKDOWN_FILES) {
  const text = withoutCodeBlocks(readProjectFile(file));

  test(`every link of ${file} leads to a file and heading that exist`, () => {
    const links = [...text.matchAll(LINK)].map(([, link = '']) => link);
    const broken = links.filter((link) => !ELSEWHERE.test(link) && isBroken(file, link));
    assert.deepEqual(broken, []);
  });

  test(`every path that ${file} names exists`, () => {
    const paths = codeSpans(text).filter((span) => PROJECT_PATH.test(span));
    assert.deepEqual(
      paths.filter((path) => !existsSync(ROOT + path)),
      [],
    );
  });
}

test('every npm script that a document names exists', () => {
  const { scripts } = JSON.parse(readProjectFile('package.json'));
  const named = MARKDOWN_FILES.flatMap((file) => [
    ...readProjectFile(file).matchAll(/\bnpm (?:run ([a-z:-]+)|(start|test)\b)/g),
  ]).map(([, run, short]) => run ?? short ?? '');
  assert.ok(named.includes('start'));
  assert.deepEqual(
    named.filter((name) => !(name in scripts)),
    [],
  );
});

test('every document that a source names exists', () => {
  const named = globSync('{src,scripts,test}/**/*.{ts,sh}', { cwd: ROOT }).flatMap((file) =>
    [...readProjectFile(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => path),
  );
  assert.ok(named.length > 0);
  assert.deepEqual(
    [...new Set(named)].filter((path) => !existsSync(ROOT + path)),
    [],
  );
});
