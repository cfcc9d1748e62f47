import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { collidingValue, seriesHash } from '../support/hash-collision.ts';
import { NATIVE_HISTOGRAM } from '../support/native-histogram.ts';
import {
  PUSHGATEWAYS,
  type Pushgateway,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';
import { type ScrapeWitnesses, startScrapeWitnesses } from '../support/scrape-witnesses.ts';
import { operation, renderBody, type StoreOperation } from '../support/store-operations.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Sequences of the property, for each version; more with STORE_E2E_RUNS. */
const RUNS = Number(process.env['STORE_E2E_RUNS'] ?? 15);
const UNCHECKED = ['--push.disable-consistency-check'];

const TOKEN = tokenCredential('nightly');
const WIDE = { rate: '100000/s', burst: 100_000, concurrent: 1000, groups: 100_000 };

interface Push {
  readonly group: string;
  readonly body: string | Buffer;
  readonly contentType?: string;
}

const text = (group: string, body: string): Push => ({ group, body });
const STAMP = seriesHash('push_time_seconds', { job: 'later', instance: '' });
const evil = (hash: bigint): string =>
  `evil{zz="${collidingValue(hash, 'evil', { job: 'evil', instance: '' })}"} 1\n`;
const NATIVE: Push = {
  group: 'native',
  body: NATIVE_HISTOGRAM,
  contentType: CONTENT_TYPES.protobuf,
};

/** Two pushes of which the second is refused, and why it would break the scrape. */
const KINDS: readonly (readonly [kind: string, first: Push, second: Push])[] = [
  ['another type', text('a', '# TYPE m gauge\nm 1\n'), text('b', '# TYPE m counter\nm 1\n')],
  ['a summary over a count', text('a', 's_count 1\n'), text('b', '# TYPE s summary\ns_count 1\n')],
  ['an empty label beside its absence', text('a/x/1', 'm 1\n'), text('a', 'm{x="1",y=""} 1\n')],
  ['a key label in another body', text('a/instance/x', 'm 1\n'), text('a', 'm{instance="x"} 1\n')],
  [
    'classic beside native histograms',
    NATIVE,
    text('b', '# TYPE native_seconds histogram\nnative_seconds_bucket{le="+Inf"} 1\n'),
  ],
  [
    'the hash of a stored series',
    text('victim', 'rows 1\n'),
    text('evil', evil(seriesHash('rows', { job: 'victim', instance: '' }))),
  ],
  ['a time stamp with the hash of a series', text('evil', evil(STAMP)), text('later', 'm 1\n')],
  [
    'the hash of a request that is counted later',
    text('a', 'm 1\n'),
    text(
      'evil',
      evil(
        seriesHash('pushgateway_http_requests_total', {
          code: '404',
          handler: 'static',
          method: 'get',
        }),
      ),
    ),
  ],
];

for (const version of PUSHGATEWAYS) {
  describe(`before Pushgateway ${version} without its check`, {
    skip: pushgatewayMissing(version),
  }, () => {
    let stack: AsyncDisposableStack;
    let store: Pushgateway;
    let stock: Pushgateway;
    let gateway: TestGateway;
    let witnesses: ScrapeWitnesses;

    before(async () => {
      stack = new AsyncDisposableStack();
      store = stack.use(await startPushgateway({ version, args: UNCHECKED }));
      stock = stack.use(await startPushgateway({ version }));
      witnesses = stack.use(await startScrapeWitnesses(store));
      gateway = stack.use(
        await startGateway({
          upstream: { url: store.url },
          teams: {
            batch: {
              jobs: ['*'],
              allow: ['push', 'delete'],
              limits: WIDE,
              credentials: [TOKEN.spec],
            },
          },
        }),
      );
    });
    after(() => stack.disposeAsync());

    const send = async (
      url: string,
      method: string,
      { group, body, contentType = CONTENT_TYPES.text }: Push,
    ): Promise<number> => {
      const { status } = await fetch(`${url}/metrics/job/${group}`, {
        method,
        headers: { authorization: TOKEN.authorization, 'content-type': contentType },
        ...(method !== 'DELETE' && { body }),
      });
      return status;
    };
    const clear = async (url: string, groups: Iterable<string>): Promise<void> => {
      for (const group of groups) await send(url, 'DELETE', { group, body: '' });
    };

    for (const [kind, first, second] of KINDS) {
      test(`refused: ${kind}`, async () => {
        assert.equal(await send(gateway.url, 'PUT', first), 202);
        assert.equal(await send(gateway.url, 'PUT', second), 400);
        assert.equal((await store.scrape()).status, 200);
        await clear(gateway.url, [first.group, second.group]);
        assert.equal(await send(gateway.url, 'PUT', second), kind.includes('later') ? 400 : 202);
        await clear(gateway.url, [second.group]);
      });
    }

    const render = (one: StoreOperation): Push => text(one.group, renderBody(one));

    test('one push after the other: what is let through a stock Pushgateway takes too', async () => {
      const property = fc.asyncProperty(
        fc.array(operation, { minLength: 4, maxLength: 12 }),
        async (operations) => {
          const groups = new Set(operations.map(({ group }) => group));
          for (const one of operations) {
            const status = await send(gateway.url, one.method, render(one));
            if (status !== 202 || one.method === 'DELETE') {
              if (status === 202) await send(stock.url, 'DELETE', render(one));
              continue;
            }
            const typed = await takeTypes(store, one);
            assert.equal(
              await send(stock.url, one.method, render(typed)),
              200,
              JSON.stringify(one),
            );
          }
          assert.equal((await store.scrape()).status, 200);
          await clear(gateway.url, groups);
          await clear(stock.url, groups);
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    });

    test('all at once: the scrape stays whole', async () => {
      const property = fc.asyncProperty(
        fc.array(operation, { minLength: 10, maxLength: 40 }),
        async (operations) => {
          const statuses = await Promise.all(
            operations.map((one) => send(gateway.url, one.method, render(one))),
          );
          assert.ok(
            statuses.every((status) => status === 202 || status === 400),
            statuses.join(),
          );
          const { status, body } = await store.scrape();
          assert.equal(status, 200, body);
          await clear(gateway.url, new Set(operations.map(({ group }) => group)));
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    });

    test('no Prometheus ever saw a broken scrape', () => witnesses.assertAlwaysUp());
  });
}

/** The push with the types that its families have in the store: what was left open was taken over. */
async function takeTypes(store: Pushgateway, one: StoreOperation): Promise<StoreOperation> {
  const { body } = await store.scrape();
  const types = new Map(
    [...body.matchAll(/^# TYPE (\S+) (gauge|counter|untyped)$/gm)].map(([, name, type]) => [
      name,
      type as 'gauge' | 'counter' | 'untyped', // so the expression says
    ]),
  );
  return {
    ...one,
    families: one.families.map((each) => ({ ...each, type: each.type ?? types.get(each.name) })),
  };
}
