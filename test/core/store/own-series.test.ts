import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRAPE_SCOPE } from '../../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../../src/core/exposition/text/text-exposition.ts';
import { ownSeriesToCome } from '../../../src/core/store/own-series.ts';
import { createScrapeScanner } from '../../../src/core/store/scrape-scanner.ts';
import { allowed } from '../../support/decision.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../../support/pushgateway.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'FOO'];
const PATHS = [
  '/metrics/job/a',
  '/metrics/job/a/instance/b',
  '/metrics/job@base64/YQ==',
  '/metrics/job/a/odd',
  '/-/healthy',
  '/-/ready',
  '/',
  '/status',
  '/static/prometheus.js',
  '/static/nothing.js',
  '/nowhere',
  '/api/v1/status',
  '/api/v1/metrics',
  '/api/v1/nothing',
  '/api/v1/admin/wipe',
];
const BODIES = ['rows 1\n', 'not metrics\n'];

/** Asks for everything in every way, so that it counts as many kinds of requests as it can. */
async function askForAll({ url }: Pushgateway): Promise<void> {
  for (const path of PATHS) {
    for (const method of METHODS) {
      for (const body of method === 'POST' || method === 'PUT' ? BODIES : [undefined]) {
        await (await fetch(url + path, { method, ...(body && { body }) })).arrayBuffer();
      }
    }
  }
}

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`every kind of request that Pushgateway ${version} counts is foreseen`, {
    skip,
  }, async () => {
    await using pushgateway = await startPushgateway({ version });
    await askForAll(pushgateway);
    const scanner = createScrapeScanner();
    scanner.add(Buffer.from((await pushgateway.scrape()).body));
    const { families } = allowed(parseTextExposition(Buffer.from(scanner.own()), SCRAPE_SCOPE));
    const counted = families.filter(({ name }) => name.startsWith('pushgateway_http_'));
    const foreseen = new Set(pairsOf(ownSeriesToCome()));
    const seen = counted.flatMap(({ name, identities }) =>
      pairsOf(identities).map((pair) => ({ name, isForeseen: foreseen.has(pair) })),
    );
    assert.deepEqual(
      seen.filter(({ isForeseen }) => !isForeseen),
      [],
      scanner.own(),
    );
    assert.ok(seen.length >= 15, `${seen.length} kinds are too few to tell`);
    assert.equal(counted.length, 3, 'families that a push can collide with by and by');
  });
}

function pairsOf(identities: readonly number[]): readonly string[] {
  return Array.from(
    { length: identities.length / 2 },
    (_, at) => `${identities[2 * at]} ${identities[2 * at + 1]}`,
  );
}
