import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accept,
  type Intent,
  message,
  row,
  SECRET,
  SEEDS,
} from '../../nginx-compare/requests/request.ts';
import { judge } from '../../nginx-compare/support/judge.ts';
import type { Observation } from '../../nginx-compare/support/observe.ts';

const SEARCH = SEEDS.search.group;
const OWN = SEEDS.payments.group;
const NEW = { labels: { job: 'settlement', zone: 'a' }, families: ['payments_new'] };
const FAILED = { labels: { job: 'settlement', zone: 'a' }, families: [] };
const FOREIGN = { labels: { job: 'search_new' }, families: [] };
const BODY = Buffer.from('of a scrape');

/** What is seen when a request was refused and nothing came of it. */
const REFUSED: Observation = {
  statuses: [403],
  shown: 'no\n',
  groups: [SEARCH, OWN],
  canOthersPush: true,
  scrape: { status: 200, body: BODY, isWhole: true },
};
const STORED: Observation = { ...REFUSED, statuses: [200], groups: [SEARCH, OWN, NEW] };

const refuse: Intent = { effect: 'refuse' };
const noHarm: Intent = { effect: 'no harm' };
const store = accept(NEW);
const remove: Intent = { effect: 'delete', labels: OWN.labels };
const read: Intent = { effect: 'read', shows: 'search_docs' };
const throttle: Intent = { effect: 'throttle', most: 1 };
const cut = { status: 200, body: BODY, isWhole: false };

type Case = readonly [what: string, intent: Intent, seen: Observation, wrong: readonly string[]];

const CASES: readonly Case[] = [
  ['a refusal', refuse, REFUSED, []],
  ['a refusal without an answer', refuse, { ...REFUSED, statuses: [0] }, []],
  [
    'a refusal that only leaves the time of it',
    refuse,
    { ...REFUSED, groups: [SEARCH, OWN, FAILED] },
    [],
  ],
  [
    'a refusal that leaves a group of another team',
    refuse,
    { ...REFUSED, groups: [SEARCH, OWN, FOREIGN] },
    ['{job="search_new"} is there'],
  ],
  [
    'a refusal after which the own group is empty',
    refuse,
    { ...REFUSED, groups: [SEARCH, { ...OWN, families: [] }] },
    ['{job="settlement"} holds nothing'],
  ],
  [
    'a refusal that tells a value',
    refuse,
    { ...REFUSED, shown: `search_docs{customer="${SECRET}"} 4711` },
    ['the answer shows what another team has pushed'],
  ],
  [
    'an acceptance where a refusal is meant',
    refuse,
    STORED,
    ['it is let through', '{job="settlement", zone="a"} is there'],
  ],
  ['a push that is stored', store, STORED, []],
  [
    'a push that is refused',
    store,
    REFUSED,
    ['a legitimate push is refused', '{job="settlement", zone="a"} is not there'],
  ],
  [
    'a push that is answered, but not stored',
    store,
    { ...REFUSED, statuses: [200] },
    ['{job="settlement", zone="a"} is not there'],
  ],
  [
    'a push that removes the group of another team',
    store,
    { ...STORED, groups: [OWN, NEW] },
    ['{instance="a", job="search_index"} is not there'],
  ],
  ['a delete', remove, { ...REFUSED, statuses: [202], groups: [SEARCH] }, []],
  ['a delete of nothing', remove, { ...REFUSED, statuses: [202] }, ['{job="settlement"} is there']],
  [
    'a scrape',
    read,
    { ...REFUSED, statuses: [200], shown: `search_docs{customer="${SECRET}"} 4711` },
    [],
  ],
  [
    'a scrape of something else',
    read,
    { ...REFUSED, statuses: [200] },
    ['the answer is not the one of Pushgateway'],
  ],
  ['a scrape that is refused', read, REFUSED, ['a legitimate read is refused']],
  ['one of two pushes', throttle, { ...REFUSED, statuses: [200, 429] }, []],
  ['two of two pushes', throttle, { ...REFUSED, statuses: [200, 200] }, ['2 are let through']],
  ['none of two pushes', throttle, { ...REFUSED, statuses: [429, 429] }, ['every push is refused']],
  ['something without harm', noHarm, { ...STORED, groups: [SEARCH, FAILED] }, []],
  ['a scrape that is cut off', noHarm, { ...STORED, scrape: cut }, ['the scrape is cut off']],
  [
    'a scrape that fails',
    noHarm,
    { ...STORED, scrape: { ...cut, status: 500 } },
    ['the scrape answers 500'],
  ],
  [
    'a Pushgateway that has ended',
    noHarm,
    { ...STORED, scrape: { ...cut, status: 0 } },
    ['Pushgateway has ended'],
  ],
  [
    'a Pushgateway that cannot list',
    noHarm,
    { ...STORED, groups: undefined },
    ['Pushgateway cannot list its groups'],
  ],
  [
    'a Pushgateway that hangs',
    noHarm,
    { ...STORED, canOthersPush: false },
    ['no team can push any more'],
  ],
];

for (const [what, intent, seen, wrong] of CASES) {
  test(`${what} is judged ${wrong.length === 0 ? 'right' : 'wrong'}`, () => {
    const request = row('some-request', what, message('PUT', '/'), intent);
    assert.deepEqual(judge(request, seen, () => []).wrong, wrong);
  });
}

test('a scrape that only Prometheus can tell to be broken is judged wrong', () => {
  const request = row('some-request', 'it', message('PUT', '/'), noHarm);
  const { wrong } = judge(request, STORED, (body) => (body === BODY ? ['2', '3'] : []));
  assert.deepEqual(wrong, ['the whole scrape is refused by Prometheus 2 and 3']);
});

test('answers are told once each', () => {
  const request = row('some-request', 'it', message('PUT', '/'), throttle);
  const seen = { ...REFUSED, statuses: [429, 200, 0, 429] };
  assert.equal(judge(request, seen, () => []).answer, 'none, 200, 429');
});
