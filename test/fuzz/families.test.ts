import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import type { PushedFamily } from '../../src/core/exposition/push-content.ts';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { allowed } from '../support/decision.ts';
import { createStore, deleteGroup, groupPush } from '../support/group-push.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { acceptedBodies, PARSERS } from './accepted-bodies.ts';
import { createRandom } from './random.ts';

const GROUPS = 6;
const BODIES = 1500;

/** Pushgateway does not tell them apart, Prometheus does. */
function hasNative(families: readonly PushedFamily[]): boolean {
  return families.some(({ type }) => type === 'native_histogram');
}

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  const name = `the store and Pushgateway ${version} find the same conflicts`;
  test(name, { skip }, async () => {
    await using gateway = await startPushgateway({ version });
    const store = createStore();
    const random = createRandom(1);
    const seen = { stored: 0, refused: 0, deleted: 0 };
    for (const { mediaType, body, content: read } of [
      ...acceptedBodies('text', 0, BODIES, WIDE_SCOPE),
      ...acceptedBodies('protobuf', 0, BODIES, WIDE_SCOPE),
    ]) {
      if (hasNative(read.families)) continue;
      const job = `batch-${random.below(GROUPS)}`;
      const group = `/metrics/job/${job}`;
      if (random.chance(20)) {
        await fetch(gateway.url + group, { method: 'DELETE' });
        await deleteGroup(store, job);
        seen.deleted += 1;
      }
      const method = random.pick(['PUT', 'POST'] as const);
      const scope = { ...WIDE_SCOPE, key: { job, labels: [] } };
      const content = allowed(PARSERS[mediaType](body, scope));
      const claim = await store.claim({ ...groupPush(job, '', { method }), content });
      const adopted = claim.effect === 'allow' ? claim.value.adopted : [];
      const types = adopted.map(({ name: family, type }) => `# TYPE ${family} ${type}\n`).join('');
      const headers = { 'content-type': CONTENT_TYPES[mediaType] };
      const answer = await fetch(gateway.url + group, {
        method,
        body: Buffer.concat([Buffer.from(types), body]),
        headers,
      });
      const text = await answer.text();
      const what = `${method} ${group} ${JSON.stringify(content.families)}`;
      assert.equal(answer.status, claim.effect === 'allow' ? 200 : 400, `${what}: ${text}`);
      if (claim.effect === 'allow') await claim.value.settle('stored');
      seen[claim.effect === 'allow' ? 'stored' : 'refused'] += 1;
    }
    assert.ok(
      Object.values(seen).every((count) => count > 50),
      JSON.stringify(seen),
    );
  });
}
