import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountSmallDisk } from '../audit/disk-faults.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { oneTeam, TOKEN } from '../support/one-team.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';

// Needs root, for a small tmpfs, and fails without.

const VERSION = '1.5';
const BODY = `rows{l="${'x'.repeat(900)}"} 1\n`;
const { authorization } = TOKEN;

async function push({ url }: TestGateway, job: string): Promise<string> {
  const options = { method: 'PUT', headers: { authorization }, body: BODY };
  const answer = await fetch(`${url}/metrics/job/${job}`, options);
  return `${answer.status} ${(await answer.text()).split(':')[0]}`;
}

/** Writes until the disk takes no more. */
function fill(path: string): void {
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size, 1));
    } catch {
      // full for this size
    }
  }
}

async function metricOf({ adminUrl }: TestGateway, name: string): Promise<string | undefined> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  return new RegExp(`^${name} (.*)$`, 'm').exec(metrics)?.[1];
}

const jobsOf = async (upstream: Pushgateway): Promise<readonly string[]> =>
  (await upstream.groups()).map(({ labels }) => labels['job'] ?? '').sort();

const skip = pushgatewayMissing(VERSION);

test('row 59: when the disk of the spool is full a push ends as without one, and nothing of it is kept', {
  skip,
}, async (t) => {
  await using scratch = await createScratch();
  await using disk = await mountSmallDisk(scratch, '2m');
  const away = await startPushgateway({ version: VERSION });
  const { url, port } = away;
  const document = { ...oneTeam({ url, timeout: '5s' }), spool: { dir: join(disk.path, 'spool') } };
  await using gateway = await startGateway(document);
  assert.equal(await push(gateway, 'acknowledged'), '200 ');
  await away.stop('SIGKILL');
  assert.equal(await push(gateway, 'kept'), '202 ');
  const ballast = join(disk.path, 'ballast');
  fill(ballast);
  const refused: string[] = [];
  // What SQLite has reserved already takes a few.
  for (let turn = 0; turn < 1000 && refused.length < 3; turn += 1) {
    const answer = await push(gateway, `turn_${turn}`);
    if (answer !== '202 ') refused.push(`turn_${turn} ${answer}`);
  }
  t.diagnostic(refused.join(', '));
  assert.equal(refused.length, 3);
  for (const one of refused) assert.match(one, / 502 upstream_unreachable$/);
  assert.equal((await fetch(`${gateway.adminUrl}/-/ready`)).status, 503);

  // What waits is sent although the disk stays full.
  const back = await startPushgateway({ version: VERSION, port });
  t.after(() => back.stop('SIGKILL'));
  const jobs = await eventually('the replay', async () => {
    const isDone = await metricOf(gateway, 'pushwarden_spool_bytes');
    return isDone === '0' ? await jobsOf(back) : undefined;
  });
  assert.ok(jobs.includes('acknowledged') && jobs.includes('kept'), jobs.join());
  for (const one of refused) assert.ok(!jobs.includes(one.split(' ')[0] ?? ''), one);

  await back.stop('SIGKILL');
  rmSync(ballast);
  await eventually('room', async () =>
    (await push(gateway, 'after')) === '202 ' ? true : undefined,
  );
  assert.equal((await fetch(`${gateway.adminUrl}/-/ready`)).status, 200);
});

test('row 59: while the disk of the spool is full, what reaches Pushgateway is answered as ever', {
  skip,
}, async () => {
  await using scratch = await createScratch();
  await using disk = await mountSmallDisk(scratch, '2m');
  await using upstream = await startPushgateway({ version: VERSION });
  const { url } = upstream;
  const document = { ...oneTeam({ url, timeout: '5s' }), spool: { dir: join(disk.path, 'spool') } };
  await using gateway = await startGateway(document);
  fill(join(disk.path, 'ballast'));
  for (let turn = 0; turn < 200; turn += 1) {
    assert.equal(await push(gateway, `turn_${turn}`), '200 ');
  }
  assert.ok(Number(await metricOf(gateway, 'pushwarden_spool_failures_total')) > 0);
});
