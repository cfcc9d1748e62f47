import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { collidingValue, seriesHash } from '../support/hash-collision.ts';
import { nativeHistogram } from '../support/native-histogram.ts';
import { oneTeam, TOKEN } from '../support/one-team.ts';
import { delimited, double, integer, prefixed } from '../support/protobuf.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { runCli } from '../support/run-cli.ts';

/** Whoever reaches Pushgateway past the gateway can break the scrape: here it is cured. */

const GAUGE = delimited(4, delimited(2, double(1, 0)));
const NAMELESS = prefixed(delimited(1, ''), integer(3, 1), GAUGE);
const COLLIDING = collidingValue(seriesHash('rows', { job: 'good', instance: '' }), 'evil', {
  job: 'evil',
  instance: '',
});

interface Poison {
  readonly path: string;
  readonly body: string | Buffer;
  readonly type?: string;
  /** How the group is named. */
  readonly target: string;
  readonly problem: RegExp;
  /** Pushgateway shows it as if it were sound. */
  readonly isHidden?: true;
}

const POISONS: Readonly<Record<string, Poison>> = {
  'a label that is not UTF-8': {
    path: 'evil/a/b/zone@base64/_y9h',
    body: 'bad 1\n',
    target: '/metrics/job@base64/ZXZpbA/a@base64/Yg/zone@base64/_y9h',
    problem: /not UTF-8/,
  },
  'an instance that is not UTF-8 and an empty label': {
    path: 'evil/a@base64/=/instance@base64/gCI',
    body: 'bad 1\n',
    target: '/metrics/job@base64/ZXZpbA/a@base64/=/instance@base64/gCI',
    problem: /not UTF-8/,
  },
  'a family without a name': {
    path: 'evil',
    body: NAMELESS,
    type: CONTENT_TYPES.protobuf,
    target: '/metrics/job/evil',
    problem: /no name/,
  },
  'a series with the hash of another one': {
    path: 'evil',
    body: `evil{zz="${COLLIDING}"} 1\n`,
    target: '/metrics/job/evil',
    problem: /named in the error/,
  },
  'another type': {
    path: 'evil',
    body: '# TYPE rows counter\nrows 1\n',
    target: '/metrics/job/evil',
    problem: /"rows" is counter here/,
  },
  'a native histogram beside a classic one': {
    path: 'evil',
    body: nativeHistogram(4),
    type: CONTENT_TYPES.protobuf,
    target: '/metrics/job/evil',
    problem: /"native_seconds" is native(?:_histogram)? here/,
    isHidden: true,
  },
  'a help that is not UTF-8': {
    path: 'evil',
    body: Buffer.from('# HELP evil \xff\xfe.\n# TYPE evil gauge\nevil 1\n', 'latin1'),
    target: '/metrics/job/evil',
    problem: /help of family "evil" is not UTF-8/,
    isHidden: true,
  },
  'a help in protobuf that is not UTF-8, of a family that others have': {
    path: 'evil',
    body: prefixed(
      delimited(1, 'rows'),
      delimited(2, Buffer.from([0x68, 0xff])),
      integer(3, 3),
      delimited(4, delimited(5, double(1, 1))),
    ),
    type: CONTENT_TYPES.protobuf,
    target: '/metrics/job/evil',
    problem: /help of family "rows" is not UTF-8/,
    isHidden: true,
  },
  'a series with a label that is not UTF-8': {
    path: 'evil',
    body: prefixed(
      delimited(1, 'evil'),
      integer(3, 1),
      delimited(
        4,
        delimited(1, delimited(1, 'a'), delimited(2, Buffer.from([0x68, 0xff]))),
        delimited(2, double(1, 1)),
      ),
    ),
    type: CONTENT_TYPES.protobuf,
    target: '/metrics/job/evil',
    problem: /not UTF-8/,
  },
};
const CLASSIC = `# TYPE native_seconds histogram
native_seconds_bucket{le="+Inf"} 1
native_seconds_sum 1
native_seconds_count 1
`;

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  describe(`a poisoned Pushgateway ${version}`, { skip }, () => {
    for (const [name, poison] of Object.entries(POISONS)) {
      test(`with ${name}: it is named, and goes; nothing else does`, async () => {
        const args = ['--push.disable-consistency-check'];
        await using pushgateway = await startPushgateway({ version, args });
        const document = oneTeam({ url: pushgateway.url });
        await using gateway = await startGateway(document);
        const { authorization } = TOKEN;
        for (const [job, body] of [
          ['good', 'rows 1\n'],
          ['other', CLASSIC],
        ] as const) {
          const headers = { authorization };
          const url = `${gateway.url}/metrics/job/${job}`;
          assert.equal((await fetch(url, { method: 'PUT', headers, body })).status, 202);
        }
        const headers = { 'content-type': poison.type ?? 'text/plain' };
        const put = { method: 'PUT', headers, body: poison.body };
        await fetch(`${pushgateway.url}/metrics/job/${poison.path}`, put);
        await eventually('three groups', async () => {
          return (await pushgateway.groups()).length === 3 || undefined;
        });
        const before = await pushgateway.scrape();
        const isWhole =
          before.status === 200 && before.body.includes('rows{instance="",job="good"} 1');
        assert.equal(isWhole, poison.isHidden ?? false);

        const ask = async (query: string) => {
          const url = `${gateway.adminUrl}/-/quarantine${query}`;
          const answer = await fetch(url, { method: 'POST' });
          const lines = (await answer.text()).trimEnd().split('\n');
          return lines.map((line): Record<string, unknown> => JSON.parse(line));
        };
        const [named, dry, ...rest] = await ask('?dry_run=true');
        assert.deepEqual(rest, []);
        assert.deepEqual([named?.['target'], named?.['end']], [poison.target, 'found']);
        assert.equal(named?.['team'], 'payments');
        assert.match(String(named?.['problem']), poison.problem);
        assert.deepEqual([dry?.['status'], dry?.['found']], ['success', 1]);
        assert.equal((await pushgateway.groups()).length, 3);

        const [gone, end] = await ask('');
        assert.deepEqual([gone?.['target'], gone?.['end']], [poison.target, 'deleted']);
        const told = [end?.['status'], end?.['deleted'], end?.['kept'], end?.['scrape_whole']];
        assert.deepEqual(told, ['success', 1, 0, true]);
        const jobs = (await pushgateway.groups()).map(({ labels }) => labels['job']).sort();
        assert.deepEqual(jobs, ['good', 'other']);
        assert.equal((await pushgateway.scrape()).status, 200);
        const records = await gateway.auditRecords();
        const [expired, ...more] = records.filter(({ event }) => event === 'expired');
        assert.deepEqual(more, []);
        assert.ok(expired?.event === 'expired' && expired.by === 'quarantine');
        assert.equal(expired.target, poison.target);
        const id = expired.request_id;
        const outcome = records.find((one) => one.event === 'outcome' && one.request_id === id);
        assert.ok(outcome?.event === 'outcome' && outcome.status === 202);
      });
    }

    test('with several at once, by the command', async () => {
      const args = ['--push.disable-consistency-check'];
      await using pushgateway = await startPushgateway({ version, args });
      await using gateway = await startGateway(oneTeam({ url: pushgateway.url }));
      for (const path of ['good', 'x/y@base64/_w', 'x/y@base64/_g', 'good/instance@base64/=']) {
        await fetch(`${pushgateway.url}/metrics/job/${path}`, { method: 'PUT', body: 'rows 1\n' });
      }
      const nameless = {
        method: 'PUT',
        headers: { 'content-type': CONTENT_TYPES.protobuf },
        body: NAMELESS,
      };
      await fetch(`${pushgateway.url}/metrics/job/nameless`, nameless);
      await eventually('five groups', async () => {
        return (await pushgateway.groups()).length === 5 || undefined;
      });
      const looked = await runCli(['quarantine', '--admin', gateway.adminUrl]);
      assert.equal(looked.status, 0);
      assert.match(
        looked.stdout,
        /^TARGET [\s\S]*nothing was deleted; the scrape is not whole\n--apply deletes them\n$/,
      );
      assert.equal((await pushgateway.groups()).length, 5);
      const cured = await runCli(['quarantine', '--admin', gateway.adminUrl, '--apply']);
      assert.deepEqual([cured.status, cured.stderr], [0, '']);
      assert.match(cured.stdout, /4 found, 4 deleted; the scrape is whole\n$/);
      assert.deepEqual(
        (await pushgateway.groups()).map(({ labels }) => labels['job']),
        ['good'],
      );
      assert.equal((await pushgateway.scrape()).status, 200);
    });
  });
}
