import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PAGE_SIZE,
  parseGroupQuery,
  renderGroupQuery,
  selectGroups,
} from '../../../src/http/page/group-query.ts';
import { NOW, sampleGroup } from './sample-view.ts';

const query = (text: string) => parseGroupQuery(new URLSearchParams(text));
const jobs = (groups: readonly { readonly job: string }[]) => groups.map(({ job }) => job).join();

const GROUPS = [
  sampleGroup({ job: 'b', series: 3, pushedAt: NOW - 5, labels: [{ name: 'env', value: 'Prod' }] }),
  sampleGroup({ job: 'a', series: 3, pushedAt: NOW - 9, expiresAt: NOW + 5 }),
  sampleGroup({ job: 'c', series: 7, pushedAt: NOW - 7, failedAt: NOW, credential: 'ci' }),
  sampleGroup({ job: 'd', series: 1, pushedAt: NOW - 8, failedAt: NOW - 9, expiresAt: NOW + 9 }),
];

const orders = [
  ['', 'c,b,d,a'],
  ['sort=pushed', 'a,d,b,c'],
  ['sort=job', 'a,b,c,d'],
  ['sort=-job', 'd,c,b,a'],
  ['sort=-series', 'c,a,b,d'],
  ['sort=expires', 'a,d,b,c'],
  ['sort=nonsense&page=-1', 'c,b,d,a'],
  ['failed=1', 'c'],
  ['q=env%3Dprod', 'b'],
  ['q=CI', 'c'],
  ['q=nightly+job%3Da', 'a'],
  ['q=nothing', ''],
] as const;
for (const [text, want] of orders) {
  test(`the query "${text}" shows ${want || 'nothing'}`, () => {
    assert.equal(jobs(selectGroups(GROUPS, query(text)).groups), want);
  });
}

test('pages are cut, and one beyond the last is the last', () => {
  const many = Array.from({ length: PAGE_SIZE + 1 }, (_, index) =>
    sampleGroup({ job: `job_${index}` }),
  );
  const { groups, count, page, pages } = selectGroups(many, query('page=99'));
  assert.deepEqual([groups.length, count, page, pages], [1, PAGE_SIZE + 1, 2, 2]);
});

const links = ['?', '?q=a+%26b&sort=-series&page=3', '?failed=1&sort=expires', '?sort=pushed'];
for (const link of links) {
  test(`the link ${link} says what it was read from`, () => {
    assert.equal(renderGroupQuery(query(link.slice(1))), link);
  });
}
