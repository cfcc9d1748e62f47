import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRIC_TYPES } from '../../src/core/exposition/push-content.ts';
import { parseText } from '../support/content-scope.ts';
import { codeSpans, readProjectFile, tableRows } from './markdown.ts';

const DOCUMENT = readProjectFile('docs/push/content.md');
const [, mistakes = ''] = DOCUMENT.split('### What is wrong with it\n');

for (const [line = '', answer = ''] of tableRows(mistakes.split('\n## ')[0] ?? '')) {
  const [body = ''] = codeSpans(line);
  const [detail = ''] = codeSpans(answer);
  test(`the content page tells what the answer to ${body} is`, () => {
    const decision = parseText(`${body}\n`);
    assert.equal(decision.effect === 'deny' && decision.detail, `line 1: ${detail}`);
  });
}

test('the body that the content page shows is accepted', () => {
  const [, body = ''] = /```prom\n([\s\S]*?)```/.exec(DOCUMENT) ?? [];
  const decision = parseText(body);
  assert.equal(decision.effect === 'allow' && decision.value.series, 6);
});

test('the content page names every type', () => {
  const spans = new Set(codeSpans(DOCUMENT));
  assert.deepEqual(
    METRIC_TYPES.filter((type) => !spans.has(type)),
    [],
  );
});
