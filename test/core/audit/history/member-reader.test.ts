import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GENESIS, sealEntry } from '../../../../src/core/audit/audit-chain.ts';
import { renderEntry } from '../../../../src/core/audit/audit-entry.ts';
import { createMemberReader } from '../../../../src/core/audit/history/member-reader.ts';
import { readPastRecord } from '../../../../src/core/audit/history/past-record.ts';
import { decision } from '../../../audit/chain-fixture.ts';

const NAMES = [
  'team',
  'job',
  'series',
  'families',
  'grouping_key',
  'detail',
  'user_agent',
] as const;
const read = createMemberReader(NAMES);

/** The same out of the whole record. */
function pick(line: string): unknown {
  const whole = readPastRecord(line);
  if (whole === undefined) return undefined;
  const wanted: readonly string[] = ['event', 'time', ...NAMES];
  return Object.fromEntries(Object.entries(whole).filter(([name]) => wanted.includes(name)));
}

test('createMemberReader takes the same out of any record as parsing it does', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 });
  const record = fc.record(
    {
      team: text,
      job: text,
      grouping_key: fc.dictionary(fc.constantFrom('team', 'job', 'prev', 'detail', 'x'), text),
      series: fc.nat(),
      families: fc.array(text),
      detail: text,
      user_agent: text,
      subject: text,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(record, (more) => {
      const { line } = sealEntry(renderEntry(decision('a', more), 0), GENESIS);
      assert.deepEqual({ ...read(line) }, pick(line));
    }),
  );
});

const odd = [
  '{"event":"decision", "team":"a"}',
  '{"event":"decision","team":"a","prev":1,"job":"b"}',
  '{"event":"decision","team":"a"',
  '{"event":"decision","team":"a}',
  '{"event":"decision","grouping_key":{"team":"b"',
  '{"event":"decision","series":}',
  '{"event":"decision","team":{"toString":1}}',
  '{"event":"decision","job":["x"],"prev":"a"}',
  '{"event":"decision","series":"many","prev":"a"}',
  '{"event":"decision","grouping_key":{"a":{}},"prev":"a"}',
  '{"event":"decision","families":[{}],"prev":"a"}',
  '{}',
  '[1]',
  '',
];
for (const line of odd) {
  test(`createMemberReader never makes more of ${line || 'nothing'} than parsing it does`, () => {
    const found = read(line);
    if (found === undefined) return;
    const whole: Readonly<Record<string, unknown>> = { ...readPastRecord(line) };
    for (const [name, value] of Object.entries(found)) assert.deepEqual(value, whole[name]);
  });
}
