import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../../src/core/decision.ts';
import {
  createFamilyRegistry,
  type FamilyClaim,
  type FamilyPush,
  type FamilyRegistry,
} from '../../../src/core/exposition/families.ts';
import type { FamilyType, PushedFamily } from '../../../src/core/exposition/push-content.ts';

/** `foo:gauge bar:summary` */
function families(text: string): readonly PushedFamily[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', type = ''] = word.split(':');
      return { name, type: type as FamilyType }; // written in this file
    });
}

function push(group: string, text: string, rest: Partial<FamilyPush> = {}): FamilyPush {
  return { group, team: 'payments', method: 'PUT', families: families(text), ...rest };
}

function allowed(decision: Decision<FamilyClaim>): FamilyClaim {
  assert.ok(decision.effect === 'allow', JSON.stringify(decision));
  return decision.value;
}

function store(registry: FamilyRegistry, ...pushes: readonly FamilyPush[]): void {
  for (const one of pushes) allowed(registry.claim(one)).settle('stored');
}

function detailOf(decision: Decision<FamilyClaim>): string {
  assert.ok(decision.effect === 'deny', 'the claim was allowed');
  assert.equal(decision.reason, 'inconsistent');
  return [decision.detail, ...(decision.hints ?? [])].join('; ');
}

/** Of an empty store that takes everything. */
function createRegistry(): FamilyRegistry {
  const registry = createFamilyRegistry();
  registry.startReading().finish({ groups: [], keepsNative: true });
  return registry;
}

const TOGETHER = [
  ['the same type', 'foo:gauge', 'foo:gauge'],
  ['another name', 'foo:gauge', 'bar:counter'],
  ['a name that only looks like one of a gauge', 'foo:gauge', 'foo_count:gauge'],
  ['a bucket name beside a summary', 'foo:summary', 'foo_bucket:gauge'],
] as const;

for (const [name, first, second] of TOGETHER) {
  test(`the registry allows ${name} in another group`, () => {
    const registry = createRegistry();
    store(registry, push('/a', first), push('/b', second));
    store(registry, push('/a', first), push('/b', second));
  });
}

const APART = [
  ['another type', 'foo:gauge', 'foo:counter', '"foo" is stored as gauge, not counter'],
  ['a sum beside a summary', 'foo:summary', 'foo_sum:gauge', 'clashes with summary "foo"'],
  ['a summary over a count', 'foo_count:gauge', 'foo:summary', 'clashes with gauge "foo_count"'],
  ['a bucket beside a histogram', 'foo:histogram', 'foo_bucket:gauge', 'histogram "foo"'],
  ['a histogram on a name of another', 'foo:histogram', 'foo_count:histogram', 'histogram "foo"'],
  [
    'a native histogram beside a classic',
    'foo:histogram',
    'foo:native_histogram',
    'stored as histogram',
  ],
] as const;

for (const [name, first, second, problem] of APART) {
  test(`the registry refuses ${name} in another group, until the first is gone`, () => {
    const registry = createRegistry();
    store(registry, push('/a', first));
    assert.ok(detailOf(registry.claim(push('/b', `other:gauge ${second}`))).includes(problem));
    registry.forget('/a');
    store(registry, push('/b', second));
  });
}

test('the registry counts every group that has a family', () => {
  const registry = createRegistry();
  store(registry, push('/a', 'foo:gauge'), push('/b', 'foo:gauge'));
  registry.forget('/a');
  detailOf(registry.claim(push('/c', 'foo:counter')));
  store(registry, push('/b', ''));
  store(registry, push('/c', 'foo:counter'));
});

test('the registry lets a PUT replace what its group alone has', () => {
  const registry = createRegistry();
  store(registry, push('/a', 'foo:summary'));
  store(registry, push('/a', 'foo_sum:gauge'));
  store(registry, push('/b', 'foo:gauge'));
  detailOf(registry.claim(push('/a', 'foo:summary')));
});

test('the registry lets a POST replace families by name only', () => {
  const registry = createRegistry();
  store(registry, push('/a', 'foo:summary bar:gauge'));
  detailOf(registry.claim(push('/a', 'foo_sum:gauge', { method: 'POST' })));
  store(registry, push('/a', 'foo:gauge foo_sum:gauge', { method: 'POST' }));
  detailOf(registry.claim(push('/b', 'bar:counter')));
});

test('a claim keeps other pushes out until it is settled', () => {
  const registry = createRegistry();
  const claim = allowed(registry.claim(push('/a', 'foo:gauge')));
  detailOf(registry.claim(push('/b', 'foo:counter')));
  claim.settle('refused');
  store(registry, push('/b', 'foo:counter'));
});

test('a claim does not keep out another push to its own group', () => {
  const registry = createRegistry();
  const first = allowed(registry.claim(push('/a', 'foo:gauge')));
  const second = allowed(registry.claim(push('/a', 'foo:counter')));
  first.settle('stored');
  second.settle('stored');
  assert.match(detailOf(registry.claim(push('/b', 'foo:gauge'))), /stored as counter/);
});

test('a claim is settled once', () => {
  const registry = createRegistry();
  const claim = allowed(registry.claim(push('/a', 'foo:gauge')));
  claim.settle('stored');
  claim.settle('refused');
  detailOf(registry.claim(push('/b', 'foo:counter')));
});

test('after an unknown end the group counts with what it had and what it may have', () => {
  const registry = createRegistry();
  store(registry, push('/a', 'foo:gauge'));
  allowed(registry.claim(push('/a', 'foo:counter bar:gauge'))).settle('unknown');
  detailOf(registry.claim(push('/b', 'foo:gauge')));
  detailOf(registry.claim(push('/b', 'foo:counter')));
  detailOf(registry.claim(push('/b', 'bar:counter')));
  store(registry, push('/a', 'foo:gauge'), push('/b', 'foo:gauge bar:counter'));
});

test('a reading puts what the store has in the place of what was noted', () => {
  const registry = createRegistry();
  store(registry, push('/a', 'foo:gauge'), push('/b', 'bar:gauge'));
  const groups = [{ group: '/b', families: families('bar:counter') }];
  registry.startReading().finish({ groups, keepsNative: true });
  store(registry, push('/c', 'foo:counter bar:counter'));
  detailOf(registry.claim(push('/c', 'bar:gauge')));
});

test('a reading keeps what changed while the store was read', () => {
  const registry = createRegistry();
  store(registry, push('/old', 'old:gauge'));
  const claim = allowed(registry.claim(push('/claimed', 'claimed:gauge')));
  using reading = registry.startReading();
  store(registry, push('/new', 'new:gauge'));
  registry.forget('/old');
  reading.finish({
    groups: [{ group: '/old', families: families('old:gauge') }],
    keepsNative: true,
  });
  detailOf(registry.claim(push('/x', 'new:counter')));
  detailOf(registry.claim(push('/x', 'claimed:counter')));
  store(registry, push('/x', 'old:counter'));
  claim.settle('stored');
  detailOf(registry.claim(push('/x', 'claimed:counter')));
});

test('a refusal names the group to the team that pushed to it, and to no other', () => {
  const registry = createRegistry();
  store(registry, push('/other', 'other:gauge'), push('/secret', 'first:gauge foo:gauge'));
  assert.match(detailOf(registry.claim(push('/b', 'foo:counter'))), /payments.*\/secret/);
  const foreign = detailOf(registry.claim(push('/b', 'foo:counter', { team: 'orders' })));
  assert.doesNotMatch(foreign, /payments|secret/);
});

test('the registry is empty again after everything was forgotten', () => {
  const registry = createRegistry();
  for (let round = 0; round < 3; round += 1) {
    store(registry, push('/a', 'foo:histogram bar:summary'), push('/b', 'foo:histogram'));
    store(registry, push('/a', 'bar:summary', { method: 'POST' }));
    registry.forget('/a');
    registry.forget('/b');
    store(registry, push('/c', 'foo_sum:gauge foo_bucket:gauge bar_count:gauge'));
    registry.forget('/c');
  }
});

test('a native histogram is refused as long as the store is not known to keep it', () => {
  const registry = createFamilyRegistry();
  const refused = registry.claim(push('/a', 'foo:gauge bar:native_histogram'));
  assert.ok(refused.effect === 'deny');
  assert.equal(refused.reason, 'body_invalid');
  assert.match(refused.detail ?? '', /^"bar" is a native histogram/);
  registry.startReading().finish({ groups: [], keepsNative: true });
  store(registry, push('/a', 'foo:gauge bar:native_histogram'));
  registry.startReading().finish({ groups: [], keepsNative: false });
  assert.equal(registry.claim(push('/a', 'bar:native_histogram')).effect, 'deny');
});

test('a reading that was given up, or overtaken by another one, changes nothing', () => {
  const registry = createRegistry();
  const groups = [{ group: '/b', families: families('bar:counter') }];
  const overtaken = registry.startReading();
  const givenUp = registry.startReading();
  givenUp[Symbol.dispose]();
  overtaken.finish({ groups, keepsNative: true });
  givenUp.finish({ groups, keepsNative: true });
  store(registry, push('/c', 'bar:gauge'));
});
