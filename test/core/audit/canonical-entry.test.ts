import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderEntry } from '../../../src/core/audit/audit-entry.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import { writeCanonicalEntry } from '../../../src/core/audit/canonical-entry.ts';
import { canonicalJson } from '../../../src/core/audit/canonical-json.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const PREV = `sha256:${'0'.repeat(64)}`;

/** Undefined where the text is not plain. */
function canonical(entry: string, seq: number): string | undefined {
  const bytes = writeCanonicalEntry(entry.slice(1, -1), seq, PREV);
  return bytes && Buffer.from(bytes).toString('latin1');
}

const scalar = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean());
const value = fc.oneof(
  scalar,
  fc.constant(null),
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 3 }), scalar, { maxKeys: 3 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const name = fc.constantFrom('a', 'ab', 'b', 'B', 'a_b', 'event', 'request_id', 'a b', 'a!', '1');
const member = fc.tuple(name, value);

test('an entry that is plain gets the canonical form of its content; others are left alone', () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.array(member, { maxLength: 6 }), fc.nat(), (members, seq) => {
      // whatever its members are, it is rendered as events are
      const event = { event: 'decision', ...Object.fromEntries(members) };
      const entry = renderEntry(event as unknown as AuditEvent, NOON);
      const found = canonical(entry, seq);
      if (found === undefined) return;
      plain += 1;
      assert.equal(found, canonicalJson({ ...JSON.parse(entry), seq, prev: PREV }));
    }),
    { numRuns: 2000 },
  );
  assert.ok(plain > 500, `${plain} were plain`);
});

test('what an event is made of is plain', () => {
  const grouping_key = { instance: 'a', zone: 'b' };
  const families = ['one', 'two'];
  const event = { event: 'decision', target: '/metrics/job/a', grouping_key, families };
  assert.ok(canonical(renderEntry(event as unknown as AuditEvent, NOON), 7) !== undefined);
});

test('an inner object out of its order, a name that is there twice, and escapes are not', () => {
  for (const entry of [
    '{"a":{"b":1,"a":2}}',
    '{"a":{"ab":1,"a":2}}',
    '{"a":{"a":1,"a":2}}',
    '{"a":1,"a":2}',
    '{"seq":1}',
    '{"a":[{"a":1}]}',
    '{"a":[[]]}',
    '{"a":{"a":{}}}',
    '{"a":"\\u00e9"}',
    '{"a\\"":1}',
  ]) {
    assert.equal(canonical(entry, 1), undefined, entry);
  }
});
