import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENT_TYPES } from '../../../src/core/exposition/media-type.ts';
import { type PushedFamily, SCRAPE_SCOPE } from '../../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../../src/core/exposition/text/text-exposition.ts';
import { createStoreReader } from '../../../src/upstream/store-reader.ts';
import { allowed } from '../../support/decision.ts';
import { delimited, double, integer, prefixed, signed } from '../../support/protobuf.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../../support/pushgateway.ts';
import { readGroups } from '../../support/read-groups.ts';

const NATIVE = prefixed(
  delimited(1, 'native'),
  integer(3, 4),
  delimited(4, delimited(7, integer(1, 1), double(6, 1), integer(7, 1), signed(5, 0))),
);

async function readStore({ url }: Pushgateway) {
  await using reader = createStoreReader({ url });
  const groups = await readGroups(reader);
  const { own } = await reader.scrape();
  const parsed = parseTextExposition(Buffer.from(own), SCRAPE_SCOPE);
  return { groups, own: allowed(parsed).families };
}

for (const version of PUSHGATEWAYS) {
  const name = `the reader reads the groups of Pushgateway ${version}`;
  test(name, { skip: pushgatewayMissing(version) }, async () => {
    await using gateway = await startPushgateway({ version });
    const put = async (path: string, body: string | Buffer, headers = {}): Promise<void> => {
      const { status } = await fetch(gateway.url + path, { method: 'PUT', body, headers });
      assert.equal(status, 200);
    };
    await put('/metrics/job/a/zone/z/instance/i', '# TYPE g gauge\ng 1\nu 1\n');
    await put('/metrics/job@base64/YSBi', '# TYPE s summary\ns_sum 1\ns_count 1\n');
    await put('/metrics/job/odd/type/GAUGE', '# TYPE labels counter\nlabels 1\n');
    await put('/metrics/job/native', NATIVE, { 'content-type': CONTENT_TYPES.protobuf });

    const stored = await readStore(gateway);
    const render = (families: readonly PushedFamily[]): readonly string[] =>
      families.map(({ name: family, type }) => `${family} ${type}`).toSorted();
    const groups = new Map(stored?.groups.map(({ id, families }) => [id, render(families)]));
    assert.deepEqual(
      groups,
      new Map([
        ['/metrics/job/a/instance/i/zone/z', ['g gauge', 'u untyped']],
        ['/metrics/job@base64/YSBi', ['s summary']],
        ['/metrics/job/odd/type/GAUGE', ['labels counter']],
        ['/metrics/job/native', ['native native_histogram']],
      ]),
    );
    const own = render(stored?.own ?? []);
    assert.ok(own.includes('go_gc_duration_seconds summary'));
    assert.ok(own.includes('pushgateway_build_info gauge'));
    assert.ok(!own.includes('push_time_seconds gauge'));
    const [group] = stored?.groups ?? [];
    assert.ok(Math.abs((group?.pushedAt ?? 0) - Date.now()) < 60_000);
    assert.equal(group?.failedAt, undefined);
  });
}
