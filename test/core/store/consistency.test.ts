import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denied } from '../../support/decision.ts';
import { claimed, createStore, pushAll, textPush } from '../../support/group-push.ts';

/** The first is stored; the second, to another group, would be the same series. */
const TWINS = [
  [
    'a key label in the body',
    'a/instance/x',
    'm 1\n',
    'a',
    'm{instance="x"} 1\n',
    /leave out.*instance/,
  ],
  [
    'a key label that is in a body',
    'a',
    'm{zone="x"} 1\n',
    'a/zone/x',
    'm 1\n',
    /has zone in its body.*; leave it out of the body/,
  ],
  ['labels that are divided otherwise', 'a/x/1', 'm{y="2"} 1\n', 'a/y/2', 'm{x="1"} 1\n', /: x;/],
  ['an empty label', 'a/x/1', 'm 1\n', 'a', 'm{x="1",y=""} 1\n', /without a value/],
  [
    'a histogram',
    'a',
    '# TYPE h histogram\nh_bucket{x="1",le="+Inf"} 1\n',
    'a/x/1',
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1\n',
    /stored in another group/,
  ],
] as const;

for (const [name, first, stored, second, pushed, problem] of TWINS) {
  test(`the same series in two groups is refused: ${name}`, async () => {
    const store = createStore();
    await pushAll(store, textPush(first, stored));
    const { reason, detail, hints = [] } = denied(await store.claim(textPush(second, pushed)));
    assert.equal(reason, 'inconsistent');
    assert.match([detail, ...hints].join('; '), problem);
    assert.equal(store.group(`/metrics/job/${second}`), undefined);
    await pushAll(store, textPush(first, 'other 1\n'), textPush(second, pushed));
  });
}

test('a series moves from one group to another once the first gave it up', async () => {
  const store = createStore();
  await pushAll(store, textPush('a', 'm{x="1"} 1\n'));
  const leaving = await claimed(store, textPush('a', 'n 1\n'));
  denied(await store.claim(textPush('a/x/1', 'm 1\n')));
  await leaving.settle('stored');
  await pushAll(store, textPush('a/x/1', 'm 1\n'));
});

test('of pushes at the same time each may have left its series', async () => {
  const store = createStore();
  const first = await claimed(store, textPush('a', 'm{x="1"} 1\n'));
  const second = await claimed(store, textPush('a', 'm{x="2"} 1\n'));
  await second.settle('stored');
  await first.settle('stored');
  denied(await store.claim(textPush('a/x/1', 'm 1\n')));
  denied(await store.claim(textPush('a/x/2', 'm 1\n')));
  await pushAll(store, textPush('a', 'm{x="1"} 1\n'));
  await pushAll(store, textPush('a/x/2', 'm 1\n'));
});

test('a deletion leaves what was pushed while it was under way', async () => {
  const store = createStore();
  await pushAll(store, textPush('a', 'old{x="1"} 1\n'));
  const deletion = await store.claimDelete('/metrics/job/a');
  await pushAll(store, textPush('a', 'm{x="1"} 1\n'));
  await deletion.settle('stored');
  denied(await store.claim(textPush('a/x/1', 'm 1\n')));
  await pushAll(store, textPush('a/x/1', 'old 1\n'));
  await (await store.claimDelete('/metrics/job/a')).settle('stored');
  await pushAll(store, textPush('a/x/1', 'm 1\n'));
});

test('a family without a type gets the stored one where it is a counter or gauge', async () => {
  const store = createStore();
  await pushAll(
    store,
    textPush('a', '# TYPE g gauge\ng 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\n'),
  );
  const claim = await claimed(store, textPush('b', 'g 1\nother 1\n'));
  assert.deepEqual(
    claim.adopted.map(({ name, type }) => `${name} ${type}`),
    ['g gauge'],
  );
  await claim.settle('stored');
  assert.deepEqual(store.group('/metrics/job/b')?.families[0]?.type, 'gauge');
  denied(await store.claim(textPush('b', 'h 1\n')));
  denied(await store.claim(textPush('b', '# TYPE g untyped\ng 1\n')));
  denied(await store.claim(textPush('b', 'g_count 1\nh_count 1\n')));
});

test('all clashes are in one answer, with the lines that would help', async () => {
  const store = createStore();
  await pushAll(store, textPush('a', '# TYPE f gauge\nf 1\n# TYPE g counter\ng 1\n'));
  const refusal = denied(
    await store.claim(textPush('b', '# TYPE f counter\nf 1\n# TYPE g gauge\ng 1\n')),
  );
  assert.equal(refusal.detail, 'metric "f" is stored as gauge, not counter');
  const hints = refusal.hints?.join('\n') ?? '';
  assert.match(
    hints,
    /# TYPE f gauge\n.*\n.*metric "g" is stored as counter, not gauge\n.*# TYPE g counter/,
  );
});

/** What is stored as the first type, and pushed as the second. */
const CLASHES = [
  [
    'histogram',
    'h_bucket{le="+Inf"} 1\n',
    'untyped',
    'h 1\n',
    /^write it as a histogram: h with _bucket/,
  ],
  ['summary', 'h{quantile="1"} 1\n', 'gauge', 'h 1\n', /^write it as a summary: h with \{quantile/],
  ['counter', 'h 1\n', 'gauge', 'h 1\n', /^push it with the line: # TYPE h counter/],
  ['gauge', 'h 1\n', 'histogram', 'h_bucket{le="+Inf"} 1\n', /^delete the group/],
  ['histogram', 'h_bucket{le="+Inf"} 1\n', 'gauge', 'h 1\n', /^or delete the group/],
] as const;
for (const [first, stored, second, pushed, advice] of CLASHES) {
  test(`what is stored as ${first} and pushed as ${second} is told what to push: ${advice}`, async () => {
    const store = createStore();
    await store.assignOwners({ ownerOf: () => ({ name: 'payments', quota: {} }) });
    await pushAll(store, textPush('a', `# TYPE h ${first}\n${stored}`));
    const push = textPush('b', `# TYPE h ${second}\n${pushed}`);
    const { detail, hints = [] } = denied(await store.claim(push));
    assert.equal(detail, `metric "h" is stored as ${first}, not ${second}`);
    assert.ok(
      hints.some((hint) => advice.test(hint)),
      hints.join('\n'),
    );
  });
}

test('a deletion is advised only where it makes room', async () => {
  const store = createStore();
  await store.assignOwners({
    ownerOf: ({ job }) => ({ name: job === 'z' ? 'billing' : 'payments', quota: {} }),
  });
  const gauge = '# TYPE g gauge\ng 1\n';
  await pushAll(store, ...['a', 'b', 'c', 'd'].map((job) => textPush(job, gauge)));
  const push = textPush('x', '# TYPE g counter\ng 1\n');
  const ways = denied(await store.claim(push)).hints ?? [];
  const named = ['a', 'b', 'c'].map((job) => `/metrics/job/${job}`).join(', ');
  assert.equal(ways[1], `or delete the groups of your team that have it: ${named} and 1 more`);
  await pushAll(store, textPush('z', gauge, { team: 'billing' }));
  assert.equal(
    denied(await store.claim(push)).hints?.[1],
    'or rename your metric: other groups have it beside /metrics/job/a of your team',
  );
});

test('a series in another group of the team names the group, and none of others', async () => {
  const store = createStore();
  const advise = async (owner: string): Promise<string> => {
    await store.assignOwners({ ownerOf: () => ({ name: owner, quota: {} }) });
    return denied(await store.claim(textPush('a/zone/x', 'm 1\n'))).hints?.join('\n') ?? '';
  };
  await pushAll(store, textPush('a', 'm{zone="x"} 1\n'));
  assert.match(await advise('payments'), /^it is in the group of your team: \/metrics\/job\/a\n/);
  assert.doesNotMatch(await advise('billing'), /\/metrics\/job/);
});
