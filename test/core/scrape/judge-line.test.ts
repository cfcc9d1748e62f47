import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReadScope } from '../../../src/core/policy/read-scope.ts';
import { createLineJudge } from '../../../src/core/scrape/judge-line.ts';
import { readSeriesLabels } from '../../../src/core/scrape/series-line.ts';

const SCOPE: ReadScope = {
  seesEverything: false,
  deciding: ['job', 'env'],
  sees: (labels) => labels.get('job') === 'own' && (labels.get('env') ?? 'own') === 'own',
};

const NAMES = ['job', 'env', 'jo', 'job_', 'a', 'z', '_', '9', 'é', '"job"', '"my.name"', ''];
const VALUES = ['own', 'other', '', 'é', 'own"', '\\"', '\\\\', '\\n', ',job="own"', '} 1', '{'];
const label = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom('=', '', '=='), fc.constantFrom(...VALUES))
  .map(([name, equals, value]) => `${name}${equals}"${value}"`);
const sound = fc
  .tuple(fc.constantFrom('job', 'env', 'le', 'a'), fc.constantFrom('own', 'other', '', 'é'))
  .map(([name, value]) => `${name}="${value}"`);
const line = fc
  .tuple(
    fc.constantFrom('a', 'a:b', '', 'a b', '9'),
    fc.array(fc.oneof({ weight: 3, arbitrary: sound }, label), { maxLength: 4 }),
    fc.constantFrom('', ','),
    fc.constantFrom('} 1', '}1', '} 1 1700000000000', ' 1', '}', '} {job="own"} 1'),
  )
  .map(([name, labels, comma, end]) => `${name}{${labels.join(',')}${comma}${end}`);

test('a line is judged by its labels, whatever stood before it', () => {
  const judge = createLineJudge(SCOPE);
  fc.assert(
    fc.property(line, (text) => {
      const labels = readSeriesLabels(Buffer.from(text).toString('latin1'));
      const bytes = Buffer.from(`b{job="own"} 1\n${text}\n`);
      const start = bytes.indexOf('\n') + 1;
      assert.equal(judge(bytes, start, bytes.length - 1), labels && SCOPE.sees(labels));
    }),
    { numRuns: 5000 },
  );
});

test('what stands in a value behind an escaped quote is no label', () => {
  const line = Buffer.from('a{job="own",x="\\",env=",z="} 1"} 1\n');
  assert.equal(createLineJudge(SCOPE)(line, 0, line.length - 1), true);
});
