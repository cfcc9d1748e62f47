import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { collidingValue, seriesHash } from '../support/hash-collision.ts';
import { NATIVE_HISTOGRAM } from '../support/native-histogram.ts';
import { PUSHGATEWAYS, pushgatewayMissing } from '../support/pushgateway.ts';
import { type ScrapeWitnesses, startScrapeWitnesses } from '../support/scrape-witnesses.ts';
import { tormentStore } from '../support/store-laboratory.ts';
import { operation } from '../support/store-operations.ts';
import { openStorePair, type StorePair } from '../support/store-pair.ts';
import {
  clearGroups,
  STORE_TEAM,
  type StorePush,
  sendOperation,
  sendTo,
  takeTypes,
} from '../support/stored-operations.ts';

/** Sequences of the property, for each version; more with STORE_E2E_RUNS. */
const RUNS = Number(process.env['STORE_E2E_RUNS'] ?? 15);
/** Histories with restarts and timeouts; more with `npm run bench -- store-faults`. */
const HISTORIES = 3;

const text = (group: string, body: string): StorePush => ({ group, body });
const STAMP = seriesHash('push_time_seconds', { job: 'later', instance: '' });
const evil = (hash: bigint): string =>
  `evil{zz="${collidingValue(hash, 'evil', { job: 'evil', instance: '' })}"} 1\n`;
const NATIVE: StorePush = {
  group: 'native',
  body: NATIVE_HISTOGRAM,
  contentType: CONTENT_TYPES.protobuf,
};

interface Kind {
  /** Why the second push would break the scrape. */
  readonly kind: string;
  readonly pushes: readonly [first: StorePush, second: StorePush];
  /** Whether a stock Pushgateway takes the second one. */
  readonly isStricter?: true;
  /** Whether the second one is refused by itself. */
  readonly isAlone?: true;
}

/** Two pushes of which the second is refused. */
const KINDS: readonly Kind[] = [
  {
    kind: 'another type',
    pushes: [text('a', '# TYPE m gauge\nm 1\n'), text('b', '# TYPE m counter\nm 1\n')],
  },
  {
    kind: 'a summary over a count',
    pushes: [text('a', 's_count 1\n'), text('b', '# TYPE s summary\ns_count 1\n')],
  },
  {
    kind: 'an empty label beside its absence',
    pushes: [text('a/x/1', 'm 1\n'), text('a', 'm{x="1",y=""} 1\n')],
    isStricter: true,
  },
  {
    kind: 'a key label in another body',
    pushes: [text('a/instance/x', 'm 1\n'), text('a', 'm{instance="x"} 1\n')],
  },
  {
    kind: 'classic beside native histograms',
    pushes: [
      NATIVE,
      text('b', '# TYPE native_seconds histogram\nnative_seconds_bucket{le="+Inf"} 1\n'),
    ],
    isStricter: true,
  },
  {
    kind: 'the hash of a stored series',
    pushes: [
      text('victim', 'rows 1\n'),
      text('evil', evil(seriesHash('rows', { job: 'victim', instance: '' }))),
    ],
  },
  {
    kind: 'a time stamp with the hash of a series',
    pushes: [text('evil', evil(STAMP)), text('later', 'm 1\n')],
  },
  {
    kind: 'the hash of a request that is counted later',
    pushes: [
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
    isStricter: true,
    isAlone: true,
  },
];

for (const version of PUSHGATEWAYS) {
  describe(`before Pushgateway ${version} without its check`, {
    skip: pushgatewayMissing(version),
  }, () => {
    let stack: AsyncDisposableStack;
    let pair: StorePair;
    let gateway: TestGateway;
    let witnesses: ScrapeWitnesses;

    before(async () => {
      stack = new AsyncDisposableStack();
      pair = stack.use(await openStorePair(version));
      witnesses = stack.use(await startScrapeWitnesses(pair.store()));
      gateway = stack.use(
        await startGateway({ upstream: { url: pair.store().url }, teams: STORE_TEAM }),
      );
    });
    after(() => stack.disposeAsync());

    const put = async (url: string, push: StorePush): Promise<number> =>
      (await sendTo(url, 'PUT', push)).status;

    for (const { kind, pushes, isStricter = false, isAlone = false } of KINDS) {
      test(`refused: ${kind}`, async () => {
        const [first, second] = pushes;
        const { stock } = pair;
        assert.equal(await put(gateway.url, first), 202);
        assert.equal(await put(gateway.url, second), 400);
        assert.equal((await pair.store().scrape()).status, 200);
        await clearGroups(gateway.url, [first.group, second.group]);
        assert.equal(await put(gateway.url, second), isAlone ? 400 : 202);
        await clearGroups(gateway.url, [second.group]);
        assert.equal(await put(stock.url, first), 200);
        assert.equal(await put(stock.url, second), isStricter ? 200 : 400);
        await stock.wipe();
      });
    }

    test('one push after the other: what is let through a stock Pushgateway takes too', async () => {
      const { stock } = pair;
      const property = fc.asyncProperty(
        fc.array(operation, { minLength: 4, maxLength: 12 }),
        async (operations) => {
          const groups = new Set(operations.map(({ group }) => group));
          for (const one of operations) {
            const { status } = await sendOperation(gateway.url, one);
            if (status !== 202 || one.method === 'DELETE') {
              if (status === 202) await sendOperation(stock.url, one);
              continue;
            }
            const typed = await takeTypes(pair.store(), one);
            const taken = await sendOperation(stock.url, typed);
            assert.equal(taken.status, 200, JSON.stringify(one));
          }
          assert.equal((await pair.store().scrape()).status, 200);
          await clearGroups(gateway.url, groups);
          await clearGroups(stock.url, groups);
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    });

    test('all at once: the scrape stays whole', async () => {
      const property = fc.asyncProperty(
        fc.array(operation, { minLength: 10, maxLength: 40 }),
        async (operations) => {
          const answers = await Promise.all(
            operations.map((one) => sendOperation(gateway.url, one)),
          );
          const statuses = answers.map(({ status }) => status);
          assert.ok(
            statuses.every((status) => status === 202 || status === 400),
            statuses.join(),
          );
          const { status, body } = await pair.store().scrape();
          assert.equal(status, 200, body);
          await clearGroups(gateway.url, new Set(operations.map(({ group }) => group)));
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    });

    test('no Prometheus ever saw a broken scrape', () => witnesses.assertAlwaysUp());

    test('row 61: restarts and timeouts: the scrape stays whole, and a refusal has a reason', async (t) => {
      const seed = Number(process.env['SEED'] ?? 7);
      const { statuses, agreed, stricter } = await tormentStore({ pair, runs: HISTORIES, seed });
      t.diagnostic(`seed ${seed}: ${JSON.stringify({ statuses, agreed, stricter })}`);
      const count = (...wanted: readonly number[]): number =>
        wanted.reduce((sum, status) => sum + (statuses[status] ?? 0), 0);
      assert.ok(count(202) > 0 && count(400) > 0 && count(502, 503, 504) > 0);
      await witnesses.assertNeverBroken();
    });
  });
}
