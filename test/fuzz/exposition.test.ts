import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { startScrapeWitnesses } from '../support/scrape-witnesses.ts';
import { assertStoreTakes, pushCanary } from '../support/store-check.ts';
import { acceptedBodies } from './accepted-bodies.ts';
import { type FuzzCounts, fuzzProtobuf, fuzzText } from './fuzz-parsers.ts';

/** `node test/fuzz/run.ts` has time for more. */
const PARSED = 20_000;
const PUSHED = 800;

function assertVaried({ withSeries, refused }: FuzzCounts): void {
  assert.ok(withSeries > PARSED / 10 && refused > PARSED / 10, 'the bodies are too much alike');
}

test('the text parser reads what it accepts as a slow reader does', () => {
  assertVaried(fuzzText(0, PARSED));
});

test('the protobuf parser never throws, and accepts nothing that is cut off', () => {
  assertVaried(fuzzProtobuf(0, PARSED));
});

for (const version of PUSHGATEWAYS) {
  for (const mediaType of ['text', 'protobuf'] as const) {
    const name = `Pushgateway ${version} takes every ${mediaType} body that the parser accepts`;
    test(name, { skip: pushgatewayMissing(version) }, async () => {
      await using gateway = await startPushgateway({ version });
      await using witnesses = await startScrapeWitnesses(gateway);
      await pushCanary(gateway);
      let pushed = 0;
      for (const { body, content } of acceptedBodies(mediaType, 0, PUSHED, WIDE_SCOPE)) {
        await assertStoreTakes(gateway, { mediaType, body, series: content.series });
        pushed += 1;
      }
      assert.ok(pushed > PUSHED / 10, 'too few bodies are accepted');
      await witnesses.assertAlwaysUp();
    });
  }
}
