import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { oneTeam, TOKEN } from '../support/one-team.ts';
import { PUSHGATEWAYS, pushgatewayMissing } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';
import {
  drained,
  KEPT,
  outcomesOf,
  readValue,
  send,
  startComingAndGoing,
  startSpoolStage,
} from '../support/spool-stage.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** What waits is counted once, by the rules under which it is held when it is sent. */

const [version = '1.5'] = PUSHGATEWAYS;
const skip = pushgatewayMissing(version);

test('pushes of one group that wait are counted together, and only until they have ended', {
  skip,
}, async (t) => {
  const most = 3;
  const { gateway, upstream, away, back } = await startSpoolStage(t, version, {
    team: { limits: { total_series: most } },
  });
  const push = (family: string) => send(gateway, 'POST', 'a', `${family} 1\n`);
  const refused = /^series_quota_exceeded: the team has 3 series of at most 3, this push adds 1/;
  assert.equal((await push('m0')).status, 200);
  await away();
  assert.deepEqual(await push('m1'), KEPT);
  assert.deepEqual(await push('m2'), KEPT);
  assert.match((await push('m3')).text, refused);
  assert.deepEqual(await push('m1'), KEPT);
  await back();
  await eventually('m2', () => readValue(upstream(), 'm2{instance="",job="a"}'));
  await drained(gateway);
  assert.match((await push('m3')).text, refused);
  assert.equal((await send(gateway, 'DELETE', 'a')).status, 202);
  for (const family of ['m3', 'm4', 'm5']) assert.equal((await push(family)).status, 200, family);
  assert.match((await push('m6')).text, refused);
});

test('what was taken while nobody knew the store is held against it, the newest first', {
  skip,
}, async (t) => {
  const { gateway, document, upstream, away, back } = await startSpoolStage(t, version, {
    team: { limits: { groups: 3 } },
    saves: true,
  });
  await away('SIGTERM');
  await gateway[Symbol.asyncDispose]();
  await back();
  for (const job of ['past_1', 'past_2']) {
    const url = `${upstream().url}/metrics/job/${job}`;
    assert.equal((await fetch(url, { method: 'PUT', body: 'rows 1\n' })).status, 200);
  }
  await away('SIGTERM');
  await using again = await startGatewayProcess(document);
  for (const job of ['a', 'b', 'c']) {
    assert.deepEqual(await send(again, 'PUT', job, 'rows 1\n'), KEPT);
  }
  const fourth = await send(again, 'PUT', 'd', 'rows 1\n');
  assert.match(fourth.text, /^group_quota_exceeded: the team has 3 groups of at most 3/);
  await back();
  await drained(again);
  const jobs = (await upstream().groups()).map(({ labels }) => labels['job']).sort();
  assert.deepEqual(jobs, ['a', 'past_1', 'past_2']);
  const outcomes = await outcomesOf(again);
  assert.equal(outcomes.filter((one) => one === 'rejected').length, 2);
});

async function reload({ configFile, adminUrl }: GatewayProcess, change: object): Promise<void> {
  const before = JSON.parse(await readFile(configFile, 'utf8'));
  await writeFile(configFile, JSON.stringify({ ...before, ...change }));
  assert.equal((await fetch(`${adminUrl}/-/reload`, { method: 'POST' })).status, 200);
}

test('after a reload what waits goes by the rights of its team, not by its quotas', {
  skip,
}, async (t) => {
  await using scratch = await createScratch();
  const { upstream, away, back } = await startComingAndGoing(t, { version });
  const logins = ['less', 'moved', 'gone', 'reads'].map(tokenCredential);
  const [less, moved, gone, reads] = logins.map(({ spec }) => ({
    ...{ jobs: ['*'], allow: ['push'], credentials: [spec] },
  }));
  const one = oneTeam({ url: upstream().url, timeout: '2s' }, { credential: TOKEN });
  await using gateway = await startGatewayProcess({
    ...one,
    spool: { dir: join(scratch.path, 'spool') },
    teams: {
      less: { ...less, jobs: ['less*'] },
      moved: { ...moved, jobs: ['moved*'] },
      gone: { ...gone, jobs: ['gone*'] },
      reads: { ...reads, jobs: ['reads*'] },
    },
  });
  await away();
  const names = ['less', 'moved', 'gone', 'reads'];
  for (const [at, name] of names.entries()) {
    const login = logins[at]?.authorization;
    for (const job of [`${name}_1`, `${name}_2`]) {
      assert.deepEqual(await send(gateway, 'PUT', job, 'rows 1\n', login), KEPT);
    }
  }
  await reload(gateway, {
    teams: {
      less: { ...less, jobs: ['less*'], limits: { groups: 1 } },
      moved: { ...moved, jobs: ['elsewhere'] },
      owner: { jobs: ['moved*', 'gone*'], allow: ['push'], credentials: [TOKEN.spec] },
      reads: { ...reads, jobs: ['reads*'], allow: ['read'] },
    },
  });
  await back();
  await drained(gateway);
  const jobs = (await upstream().groups()).map(({ labels }) => labels['job']).sort();
  assert.deepEqual(jobs, ['less_1', 'less_2']);
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  for (const [name, outcome] of Object.entries({
    ...{ less: 'delivered', moved: 'rejected', gone: 'rejected', reads: 'rejected' },
  })) {
    assert.match(
      metrics,
      new RegExp(`^pushwarden_spool_ends_total{team="${name}",outcome="${outcome}"} 2$`, 'm'),
    );
  }
  await eventually('the log', () =>
    gateway.log.some((line) => line.includes('there is no team gone any more')) ? true : undefined,
  );

  await away();
  assert.deepEqual(
    await send(gateway, 'PUT', 'less_1', 'rows 2\n', logins[0]?.authorization),
    KEPT,
  );
  const { code } = await gateway.stop('SIGTERM');
  assert.equal(code, 0);
});
