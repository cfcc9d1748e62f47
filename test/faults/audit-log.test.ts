import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { listSegments } from '../../src/audit/segments.ts';
import { nodeFileSystem } from '../../src/disk/file-system.ts';
import { assertWhole } from '../audit/chain-fixture.ts';
import { mountSmallDisk, readAuditFiles, underStrace } from '../audit/disk-faults.ts';
import { eventually } from '../support/eventually.ts';
import { accept } from '../support/upstream-behaviour.ts';
import { assertAudited, setUp, writeConfig } from './audit-stage.ts';
import { startServe } from './serve-process.ts';
import { push, readMetric, TOKEN, verdictOf } from './stage.ts';

/** The audit log of a gateway in a process of its own, whose disk fails. */

const SYNC_MS = 300;
const REFUSED = '503 audit_unavailable';

test('rows 17 and 18: on a full disk pushes are refused, reads and health go on, and all heals by itself', async () => {
  await using stage = await setUp();
  const { upstream, scratch } = stage;
  await using disk = await mountSmallDisk(scratch, '256k');
  const file = join(disk.path, 'audit.jsonl');
  await using gateway = await startServe(await writeConfig(upstream, scratch, { file })).ready;
  const { url } = gateway.ready;
  const verdicts = new Map<string, number>();
  for (let turn = 0; (verdicts.get(REFUSED) ?? 0) < 10; turn += 1) {
    const verdict = await verdictOf(await push({ url }, `j${turn}`));
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
  assert.deepEqual([...verdicts.keys()].sort(), ['200', REFUSED]);
  assert.equal(upstream.requests.length, verdicts.get('200'));
  const scrape = await fetch(`${url}/metrics`, { headers: { authorization: TOKEN.authorization } });
  assert.equal(scrape.status, 200);
  assert.equal((await fetch(`${url}/-/healthy`)).status, 200);
  assert.equal((await fetch(`${url}/-/ready`)).status, 503);

  execFileSync('mount', ['-o', 'remount,size=8m', disk.path]);
  await eventually('room', async () => ((await push({ url }, 'after')).ok ? true : undefined));
  await eventually('ready', async () => (await fetch(`${url}/-/ready`)).ok || undefined);
  assert.deepEqual(await gateway.stop('SIGTERM'), { code: 0, signal: null });
  const records = readAuditFiles(file);
  await assertWhole(nodeFileSystem, records.length, file);
  assertAudited(records, new Set(upstream.requests.map(({ target }) => target)), new Map());
});

test('row 19: after a sync that failed pushes are refused until a new segment is begun', async () => {
  await using stage = await setUp();
  const { upstream, scratch } = stage;
  const file = join(scratch.path, 'audit.jsonl');
  const config = await writeConfig(upstream, scratch, { file });
  const strace = underStrace(file, 'fdatasync:error=EIO:when=21');
  await using gateway = await startServe(config, strace).ready;
  const verdicts: string[] = [];
  const pushOnce = async (): Promise<boolean> => {
    verdicts.push(await verdictOf(await push(gateway.ready, `j${verdicts.length}`)));
    return verdicts.includes(REFUSED) && verdicts.at(-1) === '200';
  };
  await eventually('a refusal and what follows', async () => (await pushOnce()) || undefined);
  assert.deepEqual([...new Set(verdicts)], ['200', REFUSED]);
  assert.equal(listSegments(nodeFileSystem, file).length, 2);
  const records = readAuditFiles(file);
  await assertWhole(nodeFileSystem, records.length, file);
  assertAudited(records, new Set(upstream.requests.map(({ target }) => target)), new Map());
});

test('row 20: a push goes upstream after one slow sync, and is answered after another', async () => {
  await using stage = await setUp();
  const { upstream, scratch } = stage;
  const file = join(scratch.path, 'audit.jsonl');
  const config = await writeConfig(upstream, scratch, { file });
  const strace = underStrace(file, `fdatasync:delay_enter=${SYNC_MS * 1000}`);
  await using gateway = await startServe(config, strace).ready;
  const begun = performance.now();
  let sentAfter = 0;
  upstream.behave((socket, request) => {
    sentAfter = performance.now() - begun;
    return accept(socket, request);
  });
  assert.equal((await push(gateway.ready)).status, 200);
  const answeredAfter = performance.now() - begun;
  assert.ok(sentAfter >= SYNC_MS, `sent after ${sentAfter} ms`);
  assert.ok(answeredAfter - sentAfter >= SYNC_MS, `answered ${answeredAfter - sentAfter} ms later`);
  assert.equal(await readMetric(gateway.ready, 'pushwarden_audit_head_seq'), 3);
  const outcomes = 'pushwarden_audit_records_total{event="outcome"}';
  assert.equal(await readMetric(gateway.ready, outcomes), 1);
});

test('row 23: after the file was removed pushes are refused until a new segment tells of it', async () => {
  await using stage = await setUp();
  const { upstream, scratch } = stage;
  const file = join(scratch.path, 'audit.jsonl');
  await using gateway = await startServe(await writeConfig(upstream, scratch, { file })).ready;
  assert.equal((await push(gateway.ready, 'before')).status, 200);
  await rm(file);
  upstream.forget();
  assert.equal(await verdictOf(await push(gateway.ready, 'refused')), REFUSED);
  await eventually(
    'a new segment',
    async () => (await push(gateway.ready, 'after')).ok || undefined,
  );
  assert.deepEqual(
    [...new Set(upstream.requests.map(({ target }) => target))],
    ['/metrics/job/after'],
  );
  const [first] = readAuditFiles(file);
  assert.ok(first?.event === 'recovered');
  assert.equal(first.cause, 'file_changed');
});

test('on_failure: continue lets pushes through a full disk, and counts them', async () => {
  await using stage = await setUp();
  const { upstream, scratch } = stage;
  await using disk = await mountSmallDisk(scratch, '64k');
  const audit = { file: join(disk.path, 'audit.jsonl'), on_failure: 'continue' };
  await using gateway = await startServe(await writeConfig(upstream, scratch, audit)).ready;
  const failures = () => readMetric(gateway.ready, 'pushwarden_audit_failures_total');
  let pushes = 0;
  await eventually('a push that is not recorded', async () => {
    assert.equal((await push(gateway.ready, `j${pushes}`)).status, 200);
    pushes += 1;
    return (await failures()) > 0 || undefined;
  });
  assert.equal(upstream.requests.length, pushes);
});
