import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseProtobufExposition } from '../../src/core/exposition/protobuf/protobuf-exposition.ts';
import type { FamilyType } from '../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import { WIDE_SCOPE } from '../support/content-scope.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { assertStoreTakes, pushCanary } from '../support/store-check.ts';

/**
 * Bodies that client libraries sent, captured: their default metrics and one metric of each type
 * that they have, with label values and help texts that need escapes, no observations, NaN and
 * infinity. A file is named after library and version; `.pb` is delimited protobuf.
 */

/** A family of each body that only this client would send so. */
const CAPTURED: Readonly<Record<string, readonly [name: string, type: FamilyType]>> = {
  'go-1.14.pb': ['native_nan', 'native_histogram'],
  'go-1.14.prom': ['native_seconds', 'histogram'],
  'go-1.23.pb': ['native_empty', 'native_histogram'],
  'go-1.23.prom': ['s0_seconds', 'summary'],
  'prom-client-14.prom': ['nodejs_eventloop_lag_seconds', 'gauge'],
  'prom-client-15.prom': ['req_seconds', 'histogram'],
  'prometheus-cpp-1.0.prom': ['s_seconds', 'summary'],
  'python-0.16.prom': ['gh', 'histogram'],
  'python-0.21.prom': ['unobserved_seconds', 'histogram'],
  'ruby-mmap-0.16.prom': ['g', 'gauge'],
  'ruby-mmap-0.16-multiprocess.prom': ['req_seconds', 'histogram'],
};

function readCaptured(file: string) {
  const body = readFileSync(new URL(`../fixtures/bodies/${file}`, import.meta.url));
  const mediaType = file.endsWith('.pb') ? 'protobuf' : 'text';
  const parse = mediaType === 'text' ? parseTextExposition : parseProtobufExposition;
  return { body, mediaType, decision: parse(body, WIDE_SCOPE) } as const;
}

for (const [file, [name, type]] of Object.entries(CAPTURED)) {
  test(`the body ${file} is understood`, () => {
    const { decision } = readCaptured(file);
    assert.ok(decision.effect === 'allow', JSON.stringify(decision));
    const found = decision.value.families.find((family) => family.name === name);
    assert.equal(found?.type, type);
  });
}

for (const version of PUSHGATEWAYS) {
  const name = `Pushgateway ${version} stores every captured body whole`;
  test(name, { skip: pushgatewayMissing(version) }, async () => {
    await using gateway = await startPushgateway({ version });
    await pushCanary(gateway);
    for (const file of Object.keys(CAPTURED)) {
      const { body, mediaType, decision } = readCaptured(file);
      assert.ok(decision.effect === 'allow', file);
      await assertStoreTakes(gateway, { body, mediaType, series: decision.value.series });
    }
  });
}
