import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type GroupingKey,
  isSameKey,
  readPushTarget,
  renderPushTarget,
} from '../../../src/core/target/grouping-key.ts';
import { parsePushTarget } from '../../../src/core/target/push-target.ts';
import { allowed } from '../../support/decision.ts';

const RUNS = { numRuns: 2000 };
const DELETE = { emptyValues: true };

/** What upstream sees, whatever the key: nothing that any router decodes, cleans or folds. */
const CANONICAL = /^\/metrics\/job(@base64)?(\/[A-Za-z0-9_.~=@-]+)+$/;

/** What a value may hold, with all that is special in a path, a URL or an exposition. */
const CHARACTERS = [...`abzAZ09-._~!$&'()*+,;=:@/%?#\\"<>{}|^[] éßΩ中字עا🚀👍`];

const text = fc.string({ unit: fc.constantFrom(...CHARACTERS), minLength: 1, maxLength: 24 });
const value = fc.oneof(
  { arbitrary: text.filter((candidate) => candidate.trim() === candidate), weight: 8 },
  fc.constantFrom('.', '..', '...', '/', '//', '/../', '%2F', '+', '=', '@base64', 'job'),
  fc.integer({ min: 50, max: 350 }).map((length) => 'x/'.repeat(length)),
);
const RESERVED = /^(?:job|le|quantile|__.*|U__.*)$/;
const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/).filter((it) => !RESERVED.test(it));

const label = fc.record(
  { name, value: fc.oneof(value, fc.constant('')) },
  { noNullPrototype: true },
);

/** Arbitrary valid grouping keys of which every spelling fits into a target. */
const groupingKey: fc.Arbitrary<GroupingKey> = fc
  .record({
    job: value,
    labels: fc.uniqueArray(label, {
      maxLength: 4,
      selector: (it) => it.name,
    }),
  })
  .map(({ job, labels }) => ({
    job,
    labels: labels.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }))
  .filter(({ job, labels }) => {
    const sizes = [job, ...labels.map((it) => it.value)].map((it) => Buffer.byteLength(it));
    return sizes.reduce((sum, size) => sum + size) <= 800;
  });

test('readPushTarget of a rendered key is the key, for any valid key', () => {
  fc.assert(
    fc.property(groupingKey, (key) => {
      assert.deepEqual(readPushTarget(renderPushTarget(key)), key);
      assert.ok(isSameKey(readPushTarget(renderPushTarget(key)), key));
    }),
    RUNS,
  );
});

test('parsePushTarget of a rendered key is the key, for any valid key', () => {
  fc.assert(
    fc.property(groupingKey, (key) => {
      const canonical = renderPushTarget(key);
      assert.deepEqual(allowed(parsePushTarget(canonical, DELETE)), { key, canonical });
    }),
    RUNS,
  );
});

test('renderPushTarget writes nothing that a reader could decode, for any valid key', () => {
  fc.assert(
    fc.property(groupingKey, (key) => {
      const canonical = renderPushTarget(key);
      assert.match(canonical, CANONICAL);
      assert.ok(canonical.split('/').every((segment) => segment !== '.' && segment !== '..'));
    }),
    RUNS,
  );
});

/** Spells one segment: each byte as it is where a path takes it, or escaped, as `coin` falls. */
function escapeSegment(segment: string, coin: () => boolean): string {
  return [...Buffer.from(segment)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      const isPlain = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/.test(character);
      if (isPlain && coin()) return character;
      const digits = byte.toString(16).padStart(2, '0');
      return `%${coin() ? digits.toUpperCase() : digits}`;
    })
    .join('');
}

/** Spells a pair plain or in base64, padded or not. */
function spellPair(pairName: string, pairValue: string, coin: () => boolean): string {
  const cannotBePlain = pairValue.includes('/') || ['', '.', '..'].includes(pairValue);
  if (!cannotBePlain && coin()) {
    return `/${escapeSegment(pairName, coin)}/${escapeSegment(pairValue, coin)}`;
  }
  const bare = Buffer.from(pairValue).toString('base64url');
  const padded = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
  const encoded = (coin() ? bare : padded) || '=';
  return `/${escapeSegment(`${pairName}@base64`, coin)}/${escapeSegment(encoded, coin)}`;
}

test('parsePushTarget gives every spelling of a key the same canonical target', () => {
  const spelling = fc.record({
    key: groupingKey,
    coins: fc.infiniteStream(fc.boolean()),
    order: fc.infiniteStream(fc.nat()),
  });
  fc.assert(
    fc.property(spelling, ({ key, coins, order }) => {
      const coin = (): boolean => coins.next().value === true;
      const shuffled = key.labels
        .map((it) => ({ ...it, rank: Number(order.next().value) }))
        .toSorted((a, b) => a.rank - b.rank);
      const pairs = shuffled.map((it) => spellPair(it.name, it.value, coin));
      const raw = `/${escapeSegment('metrics', coin)}${spellPair('job', key.job, coin)}${pairs.join('')}`;
      const canonical = renderPushTarget(key);
      assert.deepEqual(allowed(parsePushTarget(raw, DELETE)), { key, canonical });
    }),
    RUNS,
  );
});

const wild = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'/%.=?#@\\ab2eEfF0_-+') }),
  fc.string({
    unit: fc.constantFrom('/', '.', '..', 'job', '@base64', '%2F', '%', '%ff', '=', 'YQ'),
  }),
);

test('parsePushTarget never throws, and what it takes is stable, whatever the target', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', '/metrics/job/', '/metrics/job@base64/'),
      wild,
      (start, rest) => {
        const first = parsePushTarget(start + rest, DELETE);
        if (first.effect === 'deny') {
          assert.equal(first.reason, 'target_invalid');
          return;
        }
        assert.match(first.value.canonical, CANONICAL);
        assert.deepEqual(parsePushTarget(first.value.canonical, DELETE), first);
      },
    ),
    { numRuns: 20_000 },
  );
});
