import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pickByHash } from '../../src/core/rendezvous.ts';

const URLS = ['http://10.0.0.1', 'http://10.0.0.2', 'http://10.0.0.3'];
const JOBS = Array.from({ length: 600 }, (_, index) => `job_${index}`);

const pick = (urls: readonly string[], job: string) => pickByHash(urls, (url) => url, job);

test('of one it is that one, of none there is none', () => {
  assert.equal(pick(['http://a'], 'job'), 'http://a');
  assert.equal(pick([], 'job'), undefined);
});

test('the order of the list changes nothing, and each gets its share', () => {
  const shares = Map.groupBy(JOBS, (job) => pick(URLS, job));
  for (const url of URLS) {
    const share = shares.get(url)?.length ?? 0;
    assert.ok(share > 150 && share < 250, `${url}: ${share}`);
  }
  for (const job of JOBS) assert.equal(pick(URLS.toReversed(), job), pick(URLS, job));
});

test('one more gets its share of all, and nothing else moves', () => {
  const more = 'http://10.0.0.4';
  const moved = JOBS.filter((job) => pick([more, ...URLS], job) !== pick(URLS, job));
  assert.ok(moved.length > 100 && moved.length < 200, String(moved.length));
  assert.ok(moved.every((job) => pick([...URLS, more], job) === more));
});
