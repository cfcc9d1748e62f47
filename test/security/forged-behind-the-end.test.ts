import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAuditLog } from '../../src/audit/log/audit-log.ts';
import { generateSigningKey, readVerifyingKey } from '../../src/audit/signing-key.ts';
import { verifyAuditLog } from '../../src/audit/verify/verify-audit-log.ts';
import { type ChainHead, readRecord, sealEntry } from '../../src/core/audit/audit-chain.ts';
import { renderEntry } from '../../src/core/audit/audit-entry.ts';
import { nodeFileSystem } from '../../src/disk/file-system.ts';
import { decision, NOON } from '../audit/chain-fixture.ts';
import { readAuditFiles } from '../audit/disk-faults.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

/**
 * The attack: while the gateway is down, somebody who can write the log, but has no signing key,
 * appends a thousand decisions of their own making, each with the right hash. `audit verify` with
 * the key and the anchor of the stop was content, since the end of a log may be unsigned; and the
 * next start went on from there and signed them.
 */
const { privateKey, publicKey } = generateSigningKey();
const LOG = { info() {}, warn() {}, error() {} };

async function open(scratch: Scratch, partBytes?: number) {
  const file = join(scratch.path, 'audit.jsonl');
  const signKeyFile = await scratch.write('audit.key', privateKey);
  const pub = await scratch.write('audit.pub', publicKey);
  const run = async (id: string): Promise<ChainHead> => {
    const audit = await openAuditLog(
      { file, sync: 'batch', onFailure: 'deny', rotateBytes: 1e8, keep: 30, signKeyFile },
      { clock: { now: () => NOON, monotonic: () => performance.now() }, log: LOG },
    );
    await audit.append({ event: 'start', version: '1', config_hash: '' });
    audit.record(decision(id, { method: 'GET' }));
    audit.record({ event: 'stop', cause: 'SIGTERM' });
    await audit.close();
    return audit.head();
  };
  const verify = async (...anchors: readonly ChainHead[]) => {
    const names = (await readdir(scratch.path)).filter((name) => name.startsWith('audit.jsonl'));
    const files = names.map((name) => join(scratch.path, name));
    const options = { keys: [readVerifyingKey(pub)], anchors };
    return verifyAuditLog(nodeFileSystem, files, options, undefined, partBytes);
  };
  return { file, run, verify };
}

/** Appends sealed entries as the gateway would, but for the key. */
function forge(file: string, count: number, events: readonly object[] = []): void {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const last = readRecord(lines.at(-1) ?? '');
  assert.ok(!('problem' in last));
  let head: ChainHead = last;
  const forged = Array.from({ length: count }, (_, index) =>
    renderEntry(decision(`forged${index}`), NOON),
  );
  const more = events.map((event) =>
    JSON.stringify({ time: new Date(NOON).toISOString(), ...event }),
  );
  for (const entry of [...forged, ...more]) {
    const sealed = sealEntry(entry, head);
    appendFileSync(file, `${sealed.line}\n`);
    head = sealed.head;
  }
}

const TAILS = [
  ['a thousand decisions', 1000, []],
  ['one decision', 1, []],
  ['a start of their own, decisions and a stop', 0, ['start', 'stop']],
  ['decisions and a stop', 3, ['stop']],
] as const;

for (const [what, count, events] of TAILS) {
  for (const partBytes of [undefined, 100]) {
    test(`${what} behind a signed end are found, in parts of ${partBytes ?? 'the usual'} bytes`, async () => {
      await using scratch = await createScratch();
      const { file, run, verify } = await open(scratch, partBytes);
      await run('one');
      const end = await run('two');
      assert.equal((await verify(end)).firstBreak, undefined);
      forge(
        file,
        count,
        events.map((event) => ({ event, cause: 'x', version: '1', config_hash: '' })),
      );
      const { firstBreak } = await verify(end);
      assert.match(firstBreak?.problem ?? '', /stands behind a signed end/);
      assert.equal(firstBreak?.seq, end.seq + 1);
    });
  }
  test(`the next start does not sign over ${what}, and says what it found`, async () => {
    await using scratch = await createScratch();
    const { file, run, verify } = await open(scratch);
    const end = await run('one');
    forge(
      file,
      count,
      events.map((event) => ({ event, cause: 'x', version: '1', config_hash: '' })),
    );
    const evidence = readFileSync(file, 'utf8');
    await run('two');
    const [first, second] = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => JSON.parse(line || '{}'));
    assert.equal(first.event, 'recovered');
    assert.equal(first.cause, 'damage');
    assert.equal(first.seq, end.seq + 1);
    assert.equal(first.prev, end.hash);
    assert.match(first.detail, /behind the signed end/);
    assert.equal(second.event, 'checkpoint');
    assert.equal(second.prev, first.hash);
    assert.equal(readFileSync(`${file}.000000000001`, 'utf8'), evidence);
    const { firstBreak } = await verify(end);
    assert.match(firstBreak?.problem ?? '', /stands behind a signed end/);
    // the log that goes on is sound by itself, and is not said to be damaged again
    await run('three');
    assert.equal(readAuditFiles(file).filter(({ event }) => event === 'recovered').length, 1);
  });
}

for (const torn of ['{', '{"seq":9,"time":"2026-11-22T12:00:00.000Z","event":"checkpoint","pr']) {
  test(`a tail without an end behind a signed end, ${torn}, is cut, and the chain stays whole`, async () => {
    await using scratch = await createScratch();
    const { file, run, verify } = await open(scratch);
    await run('one');
    appendFileSync(file, torn.replace('9', String(readAuditFiles(file).length + 1)));
    assert.equal((await verify()).firstBreak, undefined);
    await run('two');
    assert.equal((await verify()).firstBreak, undefined);
    const recovered = readAuditFiles(file).filter(({ event }) => event === 'recovered');
    assert.equal(recovered.length, 1);
  });
}

test('a start that was killed is no forgery', async () => {
  await using scratch = await createScratch();
  const { file, run, verify } = await open(scratch);
  await run('one');
  await run('two');
  const text = readFileSync(file, 'utf8').split('\n');
  const stop = text.findLastIndex((line) => line.includes('"event":"stop"'));
  writeFileSync(file, `${text.slice(0, stop).join('\n')}\n`);
  assert.equal((await verify()).firstBreak, undefined);
  await run('three');
  assert.equal((await verify()).firstBreak, undefined);
  const recovered = readAuditFiles(file).filter(({ event }) => event === 'recovered');
  assert.deepEqual(recovered, []);
});
