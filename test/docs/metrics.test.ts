import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS } from '../../src/metrics/definitions.ts';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { codeSpans, MARKDOWN_FILES, readProjectFile, tableRows } from './markdown.ts';

const PAGE = 'docs/operate/metrics.md';

test(`${PAGE} has every metric with its type and labels, in order, and no other`, () => {
  const documented = tableRows(readProjectFile(PAGE)).map(([name = '', type, labels = '']) => ({
    name: codeSpans(name)[0],
    type,
    labels: codeSpans(labels),
  }));
  const defined = Object.entries(METRICS).map(([name, { type, labels }]) => ({
    name,
    type,
    labels: [...labels],
  }));
  assert.deepEqual(documented, defined);
});

test('every metric of the gateway that a document names is exposed', async () => {
  const exposition = await createMetricsRegistry().render();
  const exposed = new Set([...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const named = MARKDOWN_FILES.flatMap((file) => [
    ...readProjectFile(file).matchAll(/\bpushwarden_[a-z0-9_]*[a-z0-9]/g),
  ]).map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));
  assert.ok(named.length > 20);
  assert.deepEqual(
    named.filter((name) => !exposed.has(name)),
    [],
  );
});
