import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import type { FamilyContent } from '../../src/core/exposition/push-content.ts';
import { createStoreReader } from '../../src/upstream/store-reader.ts';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { readGroups } from '../support/read-groups.ts';
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
    await using reader = createStoreReader({ url: gateway.url });
    const url = `${gateway.url}/metrics/job/batch`;
    for (const { mediaType, body, content } of [
      ...acceptedBodies('text', 0, BODIES, WIDE_SCOPE),
      ...acceptedBodies('protobuf', 0, BODIES, WIDE_SCOPE),
    ]) {
      const headers = { 'content-type': CONTENT_TYPES[mediaType] };
      const answer = await fetch(url, { method: 'PUT', body, headers });
      const what = Buffer.from(body).toString(mediaType === 'text' ? 'utf8' : 'hex');
      assert.equal(answer.status, 200, what);
      const [group] = await readGroups(reader);
      assert.deepEqual(summarize(group?.families ?? []), summarize(content.families), what);
    }
  });
}
