import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GENESIS, readRecord, sealEntry } from '../../../src/core/audit/audit-chain.ts';
import { renderEntry } from '../../../src/core/audit/audit-entry.ts';
import type { DecisionEvent } from '../../../src/core/audit/audit-record.ts';

const REFUSAL: DecisionEvent = {
  event: 'decision',
  request_id: '01JD',
  peer_ip: '10.1.2.3',
  method: 'POST',
  target: '/metrics/job/x',
  decision: 'deny',
  reason: 'target_invalid',
};

for (const [name, userAgent] of [
  ['a line break', 'curl\r\n{"seq":1}'],
  ['a quote and a backslash', 'a"b\\c'],
  ['controls', '\u0000\u0007\u001b[2J\u007f\u0085'],
  ['line and paragraph separators', '\u2028\u2029'],
  ['a change of writing direction', '\u202egnp.exe\u202c\u2066x\u2069\u061c'],
  ['characters of other scripts', 'Zürich 東京 😀'],
  ['ten thousand characters', 'x'.repeat(10_000)],
] as const) {
  test(`renderEntry keeps ${name} on one line of printable ASCII`, () => {
    const json = renderEntry({ ...REFUSAL, user_agent: userAgent }, 0);
    assert.match(json, /^[ -~]+$/);
    const shown: string = JSON.parse(json).user_agent;
    assert.ok(shown === userAgent || shown.startsWith(userAgent.slice(0, 4096)));
  });
}

test('renderEntry says how much of a long value it left out', () => {
  const json = renderEntry({ ...REFUSAL, user_agent: 'x'.repeat(10_000) }, 0);
  assert.equal(JSON.parse(json).user_agent, `${'x'.repeat(4096)}…(5904 more)`);
});

test('renderEntry replaces a lone surrogate', () => {
  const json = renderEntry({ ...REFUSAL, user_agent: 'a\ud800b' }, 0);
  assert.equal(JSON.parse(json).user_agent, 'a\ufffdb');
});

test('renderEntry shortens long lists and maps and says by how many', () => {
  const ids = Array.from({ length: 5000 }, (_, index) => `id${index}`);
  const many = renderEntry(
    { event: 'recovered', cause: 'crash', torn_bytes: 0, unknown_outcomes: ids },
    0,
  );
  assert.ok(many.length <= 32_000);
  assert.equal(JSON.parse(many).unknown_outcomes.at(-1), '…(3976 more)');
  const key = Object.fromEntries(ids.map((id) => [id, id]));
  const wide = JSON.parse(renderEntry({ ...REFUSAL, grouping_key: key }, 0));
  assert.equal(wide.grouping_key['…'], '3976 more');
});

test('renderEntry gives an entry that can be sealed and stays below 32 KiB, whatever comes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc
      .tuple(fc.string({ unit: 'binary', maxLength: 4 }), fc.nat(3000))
      .map(([unit, n]) => unit.repeat(n)),
    fc.constantFrom('\ud800', 'a\udfff', '__proto__'),
  );
  const event = fc.record({
    ...Object.fromEntries(
      Object.entries(REFUSAL).map(([name, value]) => [name, fc.constant(value)]),
    ),
    target: text,
    user_agent: text,
    grouping_key: fc.dictionary(text, text, { maxKeys: 6 }),
  });
  fc.assert(
    fc.property(event, (hostile) => {
      const entry = renderEntry({ ...REFUSAL, ...hostile }, 0);
      const { line, head } = sealEntry(entry, GENESIS);
      assert.match(line, /^[ -~]+$/);
      assert.ok(line.length < 32 * 1024);
      const record = readRecord(line);
      assert.ok(!('problem' in record), JSON.stringify(record));
      assert.equal(record.hash, head.hash);
    }),
    { numRuns: 50 },
  );
});
