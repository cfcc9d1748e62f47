import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { oneTeam, pushRows } from '../support/one-team.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';

for (const version of PUSHGATEWAYS) {
  const skip = pushgatewayMissing(version);
  test(`the admin side lists groups of every team and of none, Pushgateway ${version}`, {
    skip,
  }, async () => {
    await using pushgateway = await startPushgateway({ version });
    const foreign = `${pushgateway.url}/metrics/job/nobody_s/instance/a`;
    assert.ok((await fetch(foreign, { method: 'PUT', body: 'old_rows 1\n' })).ok);
    const document = oneTeam({ url: pushgateway.url });
    const [[team = '', rules] = []] = Object.entries(document.teams);
    await using gateway = await startGateway({
      ...document,
      teams: { [team]: { ...Object(rules), jobs: ['own'] } },
    });
    assert.ok((await pushRows(gateway.url, 'own')) < 300);

    const answer = await fetch(`${gateway.adminUrl}/-/groups`);
    assert.equal(answer.headers.get('content-type'), 'application/json');
    const { status, data } = JSON.parse(await answer.text());
    assert.equal(status, 'success');
    const listed = data.map((group: Record<string, unknown>) => [
      group['target'],
      group['team'],
      group['series'],
    ]);
    assert.deepEqual(listed.sort(), [
      ['/metrics/job/nobody_s/instance/a', null, 1],
      ['/metrics/job/own', team, 1],
    ]);
  });
}
