import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProtobufExposition } from '../../../../src/core/exposition/protobuf/protobuf-exposition.ts';
import { WIDE_SCOPE } from '../../../support/content-scope.ts';
import { allowed } from '../../../support/decision.ts';
import { delimited, double, integer, prefixed, signed } from '../../../support/protobuf.ts';

const CREATED = delimited(15, integer(1, 1_700_000_000), integer(2, 5));
const LABEL = delimited(1, delimited(1, 'zone'), delimited(2, 'é'.repeat(80)));

/** Native histograms beside a counter with a creation time of its own, `created` in the first. */
function body(created: readonly Buffer[], first = 0): Buffer {
  const native = (...more: readonly Buffer[]): Buffer =>
    delimited(
      7,
      integer(1, 1),
      ...more,
      signed(5, 3),
      delimited(12, signed(1, first), integer(2, 1)),
      signed(13, 1),
    );
  const counter = delimited(3, double(1, 1), delimited(3, integer(1, 9)));
  return Buffer.concat([
    prefixed(delimited(1, 'a_total'), integer(3, 0), delimited(4, counter)),
    prefixed(
      delimited(1, 'h'),
      integer(3, 4),
      delimited(4, LABEL, native(...created)),
      delimited(4, native()),
    ),
  ]);
}

test('a native histogram goes upstream without its creation time, all else as it was sent', () => {
  const { rewritten } = allowed(parseProtobufExposition(body([CREATED]), WIDE_SCOPE));
  assert.deepEqual(rewritten, body([]));
});

test('a body without creation times of native histograms is not written anew', () => {
  assert.equal(allowed(parseProtobufExposition(body([]), WIDE_SCOPE)).rewritten, undefined);
});

for (const first of [2 ** 31 - 1, -(2 ** 31) + 1, 10_000, -10_000]) {
  test(`a native histogram with its first bucket at ${first} is refused`, () => {
    const decision = parseProtobufExposition(body([], first), WIDE_SCOPE);
    assert.ok(decision.effect === 'deny');
    assert.match(decision.detail ?? '', /beyond the largest or smallest number/);
  });
}
for (const first of [8192, -8592]) {
  test(`a native histogram with its first bucket at ${first}, as a client has it, is taken`, () => {
    assert.equal(parseProtobufExposition(body([], first), WIDE_SCOPE).effect, 'allow');
  });
}

test('a body that is cut off behind a creation time is refused, and not written anew', () => {
  const whole = body([CREATED]);
  for (let end = 1; end < whole.length; end += 1) {
    const decision = parseProtobufExposition(whole.subarray(0, end), WIDE_SCOPE);
    if (decision.effect === 'allow') assert.equal(decision.value.rewritten, undefined);
  }
  const cut = parseProtobufExposition(Buffer.concat([whole, Buffer.from([0x85])]), WIDE_SCOPE);
  assert.equal(cut.effect, 'deny');
});
