import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Quotas under pushes that are on their way at the same time. */

const TOTAL = 50;
const PUSHES = 40;
const SERIES = 9;

/** A team for each method and number of groups. */
const TEAMS = { post1: 1, post4: 4, put5: 5 };
const TOKENS = {
  post1: tokenCredential('post1'),
  post4: tokenCredential('post4'),
  put5: tokenCredential('put5'),
};
type Team = keyof typeof TEAMS;

function teamOf(team: Team) {
  return {
    jobs: [`${team}_*`],
    allow: ['push'],
    credentials: [TOKENS[team].spec],
    limits: { rate: '1000/s', burst: 1000, total_series: TOTAL },
  };
}

async function openStage(version: (typeof PUSHGATEWAYS)[number]) {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(await startPushgateway({ version }));
  const gateway = stack.use(
    await startGatewayProcess({
      upstream: { url: pushgateway.url },
      teams: { post1: teamOf('post1'), post4: teamOf('post4'), put5: teamOf('put5') },
    }),
  );
  const push = async (team: Team, method: string, group: number, names: readonly string[]) => {
    const { authorization } = TOKENS[team];
    const body = names.map((name) => `${team}_${name} 1\n`).join('');
    const url = `${gateway.url}/metrics/job/${team}_${group}`;
    const answer = await fetch(url, { method, headers: { authorization }, body });
    await answer.text();
    return answer.status;
  };
  const pushAtOnce = (team: Team, method: string): Promise<readonly number[]> =>
    Promise.all(
      Array.from({ length: PUSHES }, (_, index) => {
        const names = Array.from({ length: SERIES }, (_, at) => `rows_${index}_${at}`);
        return push(team, method, index % TEAMS[team], names);
      }),
    );
  const stores = (team: Team, series: number): Promise<true> =>
    eventually(`${series} series of ${team}`, async () => {
      const lines = (await pushgateway.scrape()).body.split('\n');
      return lines.filter((line) => line.startsWith(`${team}_rows`)).length === series || undefined;
    });
  const shown = async (team: Team): Promise<number> => {
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    return Number(
      new RegExp(`^pushwarden_series\\{team="${team}"\\} (\\d+)$`, 'm').exec(metrics)?.[1],
    );
  };
  const owned = stack.move();
  return { push, pushAtOnce, stores, shown, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

for (const version of PUSHGATEWAYS) {
  describe(`with a Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    test('POSTs at the same time stay within a quota, PUTs leave no refusal behind', async () => {
      await using stage = await openStage(version);
      const fitting = Math.floor(TOTAL / SERIES);
      for (const team of ['post1', 'post4'] as const) {
        const statuses = await stage.pushAtOnce(team, 'POST');
        assert.equal(statuses.filter((status) => status < 300).length, fitting);
        assert.equal(statuses.filter((status) => status === 403).length, PUSHES - fitting);
        await stage.stores(team, fitting * SERIES);
        assert.equal(await stage.shown(team), fitting * SERIES);
      }
      await stage.pushAtOnce('put5', 'PUT');
      await stage.stores('put5', 5 * SERIES);
      const isTaken = async (): Promise<true | undefined> =>
        (await stage.push('put5', 'POST', 0, ['rows_more'])) < 300 || undefined;
      await eventually('a push that fits', isTaken);
      const isShown = async (): Promise<true | undefined> =>
        (await stage.shown('put5')) === 5 * SERIES + 1 || undefined;
      await eventually('no more shown than there is', isShown);
    });
  });
}
