import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { createScrapeWatch } from '../../src/store/scrape-watch.ts';
import { eventually } from '../support/eventually.ts';
import { followPushgateway } from '../support/followed-store.ts';
import { deleteGroup, groupPush, pushAll } from '../support/group-push.ts';
import { delimited, double, integer, prefixed } from '../support/protobuf.ts';
import {
  PUSHGATEWAYS,
  type PushgatewayVersion,
  pushgatewayMissing,
  startPushgateway,
} from '../support/pushgateway.ts';

/** Whoever reaches Pushgateway past the gateway can break the scrape: here it is seen. */

function family(name: string, type: number, ...metrics: readonly Buffer[]): Buffer {
  return prefixed(delimited(1, name), integer(3, type), ...metrics);
}

const GAUGE = delimited(4, delimited(2, double(1, 0)));

interface Poison {
  readonly target: string;
  readonly body: string | Buffer;
  readonly contentType?: string;
  readonly args?: readonly string[];
  /** What the log then says, and of which group. */
  readonly problem: RegExp;
  readonly groups: readonly object[];
}

const UNCHECKED = ['--push.disable-consistency-check'];
const EVIL = '/metrics/job/evil';
const POISONS: Readonly<Record<string, Poison>> = {
  'a label that is not UTF-8': {
    target: `${EVIL}/zone/%ff`,
    body: 'bad 1\n',
    problem: /^the scrape answers 500$/,
    groups: [
      { group: '/metrics/job@base64/ZXZpbA/zone@base64/_w', problem: 'a label is not UTF-8' },
    ],
  },
  'a family without a name': {
    target: EVIL,
    body: family('', 1, GAUGE),
    contentType: CONTENT_TYPES.protobuf,
    problem: /^the scrape is empty$/,
    groups: [{ group: EVIL, problem: 'a family has no name' }],
  },
  'a family of an unknown type': {
    target: EVIL,
    body: family('mmm', 99, GAUGE),
    contentType: CONTENT_TYPES.protobuf,
    problem: /^the scrape lacks "zzz"$/,
    groups: [{ group: EVIL, problem: 'family "mmm" has no known type' }],
  },
  'a family of an unknown type behind those of Pushgateway itself': {
    target: EVIL,
    body: family('qqq', 99, GAUGE),
    contentType: CONTENT_TYPES.protobuf,
    problem: /^the scrape lacks "qqq" and 1 more$/,
    groups: [{ group: EVIL, problem: 'family "qqq" has no known type' }],
  },
  'a family of two types': {
    args: UNCHECKED,
    target: EVIL,
    body: '# TYPE zzz counter\nzzz 1\n',
    problem: /^the scrape answers 500$/,
    groups: [EVIL, '/metrics/job/good'].map((group) => ({
      group,
      problem: 'family "zzz" has two types',
    })),
  },
  'a series twice': {
    args: UNCHECKED,
    target: `${EVIL}/instance/i`,
    body: 'zzz{x="1"} 1\nzzz{x="1"} 2\n',
    problem: /^the scrape answers 500$/,
    groups: [{ group: `${EVIL}/instance/i`, problem: 'named in the error of the scrape' }],
  },
};

async function openStage(version: PushgatewayVersion, args: readonly string[] = []) {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(await startPushgateway({ version, args }));
  const followed = stack.use(await followPushgateway(pushgateway.url));
  const owned = stack.move();
  return {
    pushgateway,
    lines: () => followed.lines.filter(({ message }) => message.startsWith('scrape_')),
    scrapes: followed.scrapes,
    followed: followed.followed,
    reader: followed.reader,
    probe: () => followed.probe(),
    poll: () => followed.poll(),
    /** Pushgateway does what it answers 202 to when it gets to it. */
    holds: (jobs: readonly string[]) =>
      eventually(`the jobs ${jobs}`, async () => {
        const held = (await pushgateway.groups()).map(({ labels }) => labels['job'] ?? '');
        return isDeepStrictEqual(held.toSorted(), jobs) || undefined;
      }),
    async send(method: string, target: string, body: string | Buffer = '', contentType = 'x') {
      const headers = { 'content-type': contentType };
      const init = method === 'DELETE' ? { method } : { method, body, headers };
      await fetch(pushgateway.url + target, init);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  for (const [name, poison] of Object.entries(POISONS)) {
    test(`${name} in Pushgateway ${version} is seen, said once, and over when it is gone`, {
      skip,
    }, async () => {
      await using stage = await openStage(version, poison.args);
      const { lines, scrapes, poll } = stage;
      await stage.send('PUT', '/metrics/job/good', 'aaa 1\nzzz 1\n');
      await stage.holds(['good']);
      await stage.probe();
      await poll();
      assert.deepEqual([scrapes, lines()], [[false], []]);

      await stage.send('PUT', poison.target, poison.body, poison.contentType);
      await stage.holds(['evil', 'good']);
      await poll();
      await poll();
      assert.deepEqual(scrapes, [false, true, true]);
      const [line, ...others] = lines();
      assert.deepEqual([line?.level, line?.message, others], ['error', 'scrape_broken', []]);
      const { problem, groups } = { problem: '', groups: [], ...line?.fields };
      assert.match(problem, poison.problem);
      assert.deepEqual(groups, poison.groups);

      await stage.send('DELETE', poison.target);
      await stage.holds(['good']);
      await poll();
      assert.equal(scrapes.at(-1), false);
      assert.equal(lines().at(-1)?.message, 'scrape_whole_again');
    });
  }

  test(`what is deleted past the gateway is not missed in Pushgateway ${version}`, {
    skip,
  }, async () => {
    await using stage = await openStage(version);
    await stage.send('PUT', '/metrics/job/good', 'zzz 1\n');
    await stage.probe();
    await stage.send('DELETE', '/metrics/job/good');
    await stage.holds([]);
    await stage.poll();
    assert.deepEqual([stage.scrapes, stage.lines()], [[false], []]);
  });
}

for (const name of ['aaa', 'zzz']) {
  test(`a family that is away for one look, as it was deleted and pushed anew, is not missed: ${name}`, {
    skip: pushgatewayMissing('1.11'),
  }, async () => {
    await using stage = await openStage('1.11');
    const { followed, reader } = stage;
    const put = async (): Promise<void> => {
      await stage.send('PUT', '/metrics/job/good', `# TYPE ${name} gauge\n${name} 1\n`);
      await stage.holds(['good']);
      await pushAll(followed.store, groupPush('good', `${name}:gauge`));
    };
    await stage.probe();
    await put();
    let looks = 0;
    followed.readBy({
      ...reader,
      async look(onChanges) {
        looks += 1;
        if (looks > 1) return await reader.look(onChanges);
        await stage.send('DELETE', '/metrics/job/good');
        await stage.holds([]);
        await deleteGroup(followed.store, 'good');
        const scrape = await reader.look(onChanges);
        await put();
        return scrape;
      },
    });
    await stage.poll();
    await stage.poll();
    assert.deepEqual([stage.scrapes.includes(true), stage.lines()], [false, []]);
  });
}

for (const status of [404, 503]) {
  test(`a scrape that ends in ${status} tells nothing`, async () => {
    const log = { info: assert.fail, warn: assert.fail, error: assert.fail };
    const watch = createScrapeWatch({ log, onScrape: () => assert.fail('it cannot tell') });
    const scrape = { status, names: [], lines: new Map(), brokenHelp: [], own: '', error: '' };
    await watch.note(scrape, new Set(['rows']), { suspects: () => assert.fail() });
  });
}
