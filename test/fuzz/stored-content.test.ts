import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { parseProtobufExposition } from '../../src/core/exposition/protobuf/protobuf-exposition.ts';
import { type FamilyContent, SCRAPE_SCOPE } from '../../src/core/exposition/push-content.ts';
import { parseStoredGroups } from '../../src/core/store/stored-groups.ts';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { acceptedBodies } from './accepted-bodies.ts';

const BODIES = 300;

/** All that the model keeps of a family; the order of series is Pushgateway's own. */
function summarize(families: readonly FamilyContent[]): readonly unknown[] {
  return families
    .map(({ name, type, series, bytes, identities }) => {
      const hashes = [];
      for (let at = 0; at < identities.length; at += 2) {
        hashes.push(`${identities[at]}:${identities[at + 1]}`);
      }
      return { name, type, series, bytes, hashes: hashes.sort() };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

for (const version of PUSHGATEWAYS) {
  const name = `a push is known as what a reading of Pushgateway ${version} finds of it`;
  test(name, { skip: pushgatewayMissing(version) }, async () => {
    await using gateway = await startPushgateway({ version });
    const url = `${gateway.url}/metrics/job/batch`;
    for (const { mediaType, body, content } of [
      ...acceptedBodies('text', 0, BODIES, WIDE_SCOPE),
      ...acceptedBodies('protobuf', 0, BODIES, WIDE_SCOPE),
    ]) {
      const headers = { 'content-type': CONTENT_TYPES[mediaType] };
      const answer = await fetch(url, { method: 'PUT', body, headers });
      const what = Buffer.from(body).toString(mediaType === 'text' ? 'utf8' : 'hex');
      assert.equal(answer.status, 200, what);
      const listing: unknown = await (await fetch(`${gateway.url}/api/v1/metrics`)).json();
      const scrape = await fetch(`${gateway.url}/metrics`, {
        headers: { accept: CONTENT_TYPES.protobuf },
      });
      const scraped = parseProtobufExposition(
        Buffer.from(await scrape.arrayBuffer()),
        SCRAPE_SCOPE,
      );
      assert.ok(scraped.effect === 'allow', what);
      const stored = parseStoredGroups(listing, scraped.value.families);
      const [group] = stored?.groups ?? [];
      assert.deepEqual(summarize(group?.families ?? []), summarize(content.families), what);
    }
  });
}
