import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { SECTIONS } from '../../nginx-compare/requests/all.ts';
import { compare, type Result } from '../../nginx-compare/support/compare.ts';
import type { ProxyName } from '../../nginx-compare/support/proxies.ts';
import { renderRequests } from '../../nginx-compare/support/render-requests.ts';
import { readProjectFile, tableRows } from '../docs/markdown.ts';
import { prometheusMissing } from '../support/prometheus.ts';
import { pushgatewayMissing } from '../support/pushgateway.ts';

/**
 * The table of the comparison tells the truth: its columns for nginx and pushwarden come out the
 * same when the requests are sent again, and pushwarden is right in every row.
 */

const TABLE = 'nginx-compare/results/requests.md';
const REQUESTS = SECTIONS.flatMap(({ requests }) => requests);
const PROXIES: readonly ProxyName[] = ['nginx', 'pushwarden'];

/** The rows without the column of vmauth, which stands between the two. */
function comparedColumns(markdown: string): readonly (readonly string[])[] {
  return tableRows(markdown).map((cells) => cells.toSpliced(-2, 1));
}

test('the comparison has at least 60 requests, each with a name of its own', () => {
  assert.ok(REQUESTS.length >= 60);
  assert.equal(new Set(REQUESTS.map(({ name }) => name)).size, REQUESTS.length);
});

const missing = pushgatewayMissing('1.11') || prometheusMissing('3');
describe('the requests of the comparison, sent again', { skip: missing }, () => {
  let results: readonly Result[] = [];
  before(async () => {
    results = await compare(PROXIES);
  });

  for (const { name, what } of REQUESTS) {
    test(`pushwarden does with ${name} what is meant: ${what}`, () => {
      const own = results.filter(
        ({ proxy, request }) => proxy === 'pushwarden' && request === name,
      );
      assert.deepEqual(
        own.flatMap(({ wrong }) => wrong),
        [],
      );
      assert.equal(own.length, 2);
    });
  }

  test(`${TABLE} says what became of each through nginx and through pushwarden`, () => {
    const committed = comparedColumns(readProjectFile(TABLE));
    const fresh = comparedColumns(renderRequests([], results));
    const differing = fresh.filter((cells, at) => !isDeepStrictEqual(cells, committed[at]));
    assert.deepEqual(differing, []);
    assert.equal(fresh.length, committed.length);
  });
});
