import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type BodyRow, readBodyCorpus } from '../support/corpus.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { type ScrapeWitnesses, startScrapeWitnesses } from '../support/scrape-witnesses.ts';
import { tokenCredential } from '../support/test-credential.ts';

/**
 * Every row of the body corpus, through the gateway to real Pushgateways: what is sound is stored,
 * what is not leaves no group behind, and neither the scrape nor the next push of another team
 * breaks.
 */

/** How rows are refused. Those that are not here are to be accepted. */
const REFUSALS: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  timestamp: [400, 'body_invalid'],
  crlf: [400, 'body_invalid'],
  'dup-series': [400, 'body_invalid'],
  'help-invalid-utf8': [400, 'body_invalid'],
  'le-grouping-histogram': [400, 'target_invalid'],
  'quantile-grouping-summary': [400, 'target_invalid'],
  'own-metric-first-request': [403, 'metric_not_allowed'],
  'own-metric-later': [403, 'metric_not_allowed'],
  'up-spoof': [403, 'metric_not_allowed'],
  'push-failure-wrong-type': [403, 'metric_not_allowed'],
  'pb-huge-length': [400, 'body_invalid'],
  'pb-name-invalid-utf8': [400, 'body_invalid'],
  'pb-name-empty': [400, 'body_invalid'],
  'pb-type-unknown': [400, 'body_invalid'],
  'pb-two-values': [400, 'body_invalid'],
  'pb-le-label': [400, 'body_invalid'],
  'pb-help-invalid-utf8': [400, 'body_invalid'],
  'pb-dup-family': [400, 'body_invalid'],
  'pb-trailing-length': [400, 'body_invalid'],
  'gzip-truncated': [400, 'body_invalid'],
  'snappy-label-plain': [400, 'body_invalid'],
  'text-gauge-histogram': [400, 'body_invalid'],
  'type-conflict-leak': [400, 'inconsistent'],
};

/** Sorts behind every other family: a scrape that has it was not cut off. */
const CANARY = 'zzz_canary';

const TEAM = tokenCredential('payments');

/** What the rows push to. */
const TARGETS = ['/metrics/job/att', '/metrics/job/victim'];

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly bodyB64?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function send(gateway: TestGateway, { method, target, bodyB64 = '', headers }: Sent) {
  return fetch(`${gateway.url}${target}`, {
    method,
    headers: { ...headers, authorization: TEAM.authorization },
    body: Buffer.from(bodyB64, 'base64'),
  });
}

/** Past the gateway. */
async function putDirectly(pushgateway: Pushgateway, job: string, body: string): Promise<void> {
  const { status } = await fetch(`${pushgateway.url}/metrics/job/${job}`, { method: 'PUT', body });
  assert.equal(status, 200);
}

async function listGroups(pushgateway: Pushgateway): Promise<readonly string[]> {
  return (await pushgateway.groups()).map((group) => JSON.stringify(group)).toSorted();
}

async function checkRow(row: BodyRow, pushgateway: Pushgateway, gateway: TestGateway) {
  for (const target of TARGETS) await send(gateway, { method: 'DELETE', target });
  for (const [method, target, bodyB64] of row.seeds) {
    assert.equal((await send(gateway, { method, target, bodyB64 })).status, 200);
  }
  await putDirectly(pushgateway, 'canary', `${CANARY} 1\n`);
  const groupsBefore = await listGroups(pushgateway);

  const answer = await send(gateway, { ...row, bodyB64: row.body_b64 });
  const text = await answer.text();
  const refusal = REFUSALS[row.id];
  const seen = [answer.status, ...(refusal ? [text.split(':')[0]] : [])];
  assert.deepEqual(seen, refusal ?? [200], text);

  if (refusal) assert.deepEqual(await listGroups(pushgateway), groupsBefore);
  const scrape = await pushgateway.scrape();
  assert.equal(scrape.status, 200);
  assert.ok(scrape.body.includes(`\n${CANARY}{`), 'the scrape is cut off');
  await putDirectly(pushgateway, 'bystander', 'bystander 1\n');
}

for (const version of PUSHGATEWAYS) {
  describe(`body corpus on Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    const stack = new AsyncDisposableStack();
    let pushgateway: Pushgateway;
    let gateway: TestGateway;
    let witnesses: ScrapeWitnesses;
    before(async () => {
      pushgateway = stack.use(await startPushgateway({ version }));
      witnesses = stack.use(await startScrapeWitnesses(pushgateway));
      gateway = stack.use(
        await startGateway({
          upstream: { url: pushgateway.url },
          teams: {
            payments: {
              jobs: ['*'],
              allow: ['push', 'delete'],
              empty_pushes: 'allow',
              credentials: [TEAM.spec],
            },
          },
        }),
      );
    });
    after(() => stack.disposeAsync());

    for (const row of readBodyCorpus()) {
      test(`${row.id}: ${row.gateway_should}`, () => checkRow(row, pushgateway, gateway));
    }

    test('Prometheus could scrape throughout', () => witnesses.assertAlwaysUp());
  });
}
