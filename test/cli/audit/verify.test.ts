import assert from 'node:assert/strict';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createCheckpointSigner } from '../../../src/audit/checkpoint.ts';
import { generateSigningKey, readSigningKey } from '../../../src/audit/signing-key.ts';
import { batch, decision, FILE, openWriter, outcome } from '../../audit/chain-fixture.ts';
import { MemoryFileSystem } from '../../disk/memory-file-system.ts';
import { runCli } from '../../support/run-cli.ts';
import { createScratch, type Scratch } from '../../support/scratch.ts';

const { privateKey, publicKey } = generateSigningKey();

/** Two segments of three records each and a checkpoint in each, on disk. */
async function writeLog(scratch: Scratch) {
  const signer = createCheckpointSigner(
    readSigningKey(await scratch.write('audit.key', privateKey)),
  );
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { signer });
  writer.commit(batch(decision('a'), outcome('a')));
  writer.close('2026-11-22T12:00:00.000Z');
  fs.rename(FILE, `${FILE}.000000000001`);
  const next = openWriter(fs, { signer });
  next.commit(batch(decision('b'), outcome('b')));
  next.close('2026-11-22T12:00:00.000Z');
  const closed = fs.content(`${FILE}.000000000001`);
  const current = fs.content(FILE);
  return {
    closed: await scratch.write('audit.jsonl.000000000001', closed),
    current: await scratch.write('audit.jsonl', current),
    head: next.head,
    content: current,
    pub: await scratch.write('audit.pub', publicKey),
  };
}

function verify(...args: readonly string[]) {
  return runCli(['audit', 'verify', ...args]);
}

test('audit verify says that a log is whole, and its head', async () => {
  await using scratch = await createScratch();
  const { closed, current, head } = await writeLog(scratch);
  const { status, stdout } = await verify(current, closed);
  assert.equal(status, 0);
  assert.equal(stdout, `head ${head.seq}:${head.hash}\nSUCCESS: ${head.seq} records\n`);
});

test('audit verify says where the oldest segment begins', async () => {
  await using scratch = await createScratch();
  const { current } = await writeLog(scratch);
  const { status, stdout } = await verify(current);
  assert.equal(status, 0);
  assert.match(stdout, /^the log begins after record 4 with prev sha256:[0-9a-f]{64}\n/);
});

test('audit verify names file, line and sequence number of the first break', async () => {
  await using scratch = await createScratch();
  const { closed, content } = await writeLog(scratch);
  const current = await scratch.write('audit.jsonl', content.replace('"b"', '"x"'));
  const { status, stdout } = await verify(closed, current);
  assert.equal(status, 3);
  assert.equal(
    stdout,
    `${current}:1: seq 5: the record was changed\nFAILED: broken after 4 records\n`,
  );
});

test('audit verify prints the same as JSON when asked', async () => {
  await using scratch = await createScratch();
  const { closed, current, head } = await writeLog(scratch);
  const whole = await verify('--output', 'json', closed, current);
  assert.deepEqual(JSON.parse(whole.stdout), { ok: true, records: head.seq, head });
  const part = await verify('--output', 'json', '--anchor', `99:${head.hash}`, closed, current);
  assert.equal(part.status, 3);
  assert.deepEqual(JSON.parse(part.stdout).firstBreak, {
    file: current,
    line: 4,
    seq: 99,
    problem: 'the log ends at record 8, before the anchor 99',
  });
});

describe('a torn last line', () => {
  test('is a warning', async () => {
    await using scratch = await createScratch();
    const { closed, content } = await writeLog(scratch);
    const current = await scratch.write('audit.jsonl', content.slice(0, -5));
    const { status, stdout } = await verify(closed, current);
    assert.equal(status, 0);
    assert.ok(stdout.startsWith(`${current}:4: warning: the last line is torn`));
  });

  test('is a break with an anchor', async () => {
    await using scratch = await createScratch();
    const { closed, content, head } = await writeLog(scratch);
    const current = await scratch.write('audit.jsonl', content.slice(0, -5));
    const { status, stdout } = await verify(
      '--anchor',
      `${head.seq}:${head.hash}`,
      closed,
      current,
    );
    assert.equal(status, 3);
    assert.ok(stdout.startsWith(`${current}:4: the last line is torn\n`));
  });
});

test('audit commands say in a sentence that a file is not there', async () => {
  for (const command of ['verify', 'show', 'report', 'suggest-policy']) {
    const { status, stderr } = await runCli(['audit', command, 'not-there.jsonl']);
    assert.equal(status, 1);
    assert.equal(stderr, 'pushwarden: cannot open not-there.jsonl: no such file\n');
  }
});

test('audit verify takes an anchor with and without the name of the hash', async () => {
  await using scratch = await createScratch();
  const { closed, current, head } = await writeLog(scratch);
  for (const hash of [head.hash, head.hash.replace('sha256:', '')]) {
    assert.equal((await verify('--anchor', `${head.seq}:${hash}`, closed, current)).status, 0);
  }
});

test('audit verify checks signatures when a key is named', async () => {
  await using scratch = await createScratch();
  const { closed, current, head, pub } = await writeLog(scratch);
  const signed = await verify('--key', pub, closed, current);
  assert.equal(signed.status, 0);
  assert.match(signed.stdout, new RegExp(`^signed up to ${head.seq}:${head.hash}$`, 'm'));
  const other = await scratch.write('other.pub', generateSigningKey().publicKey);
  const unsigned = await verify('--key', other, closed, current);
  assert.equal(unsigned.status, 3);
  assert.match(unsigned.stdout, /the checkpoint is signed with another key/);
});

describe('audit verify fails', () => {
  for (const [name, args, status, message] of [
    ['without a file', [], 2, /missing required argument 'file'/],
    ['with an anchor that is none', ['--anchor', '17', 'x'], 2, /an anchor looks like 17:sha256:/],
    ['with a file that is missing', ['missing.jsonl'], 1, /missing\.jsonl/],
    ['with a key that is missing', ['--key', 'missing.pub', 'x'], 1, /cannot read the key missing/],
  ] as const) {
    test(`${name}, with status ${status}`, async () => {
      const result = await verify(...args);
      assert.equal(result.status, status);
      assert.match(result.stderr, message);
    });
  }
});

test('audit keygen prints the private key on stdout and the public key on stderr', async () => {
  const { status, stdout, stderr } = await runCli(['audit', 'keygen']);
  assert.equal(status, 0);
  assert.match(stdout, /^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n$/);
  assert.match(stderr, /^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/);
});

test('audit keygen writes two files, the private one for its owner alone, over nothing', async () => {
  await using scratch = await createScratch();
  const out = join(scratch.path, 'audit.key');
  assert.equal((await runCli(['audit', 'keygen', '--out', out])).status, 0);
  assert.equal((await stat(out)).mode & 0o777, 0o600);
  assert.equal(readSigningKey(out).asymmetricKeyType, 'ed25519');
  assert.equal((await runCli(['audit', 'keygen', '--out', out])).status, 1);
});

test('audit verify takes the log of unknown callers beside the other, each with its own chain', async () => {
  await using scratch = await createScratch();
  const { closed, current, content } = await writeLog(scratch);
  const [first = ''] = content.split('\n');
  const other = (await writeLog(scratch)).content;
  const unknown = await scratch.write('audit.unknown.jsonl', other);
  const whole = await verify(unknown, current, closed);
  assert.equal(whole.status, 0);
  assert.equal(whole.stdout.match(/^SUCCESS/gm)?.length, 2);
  await scratch.write('audit.unknown.jsonl', `${other}${first}\n`);
  const broken = await verify(unknown, current, closed);
  assert.equal(broken.status, 3);
  assert.match(
    broken.stdout,
    /^SUCCESS.*\n(?:.*\n)*.*audit\.unknown\.jsonl:5: seq 5: a record twice/m,
  );
});

test('audit verify reads closed segments that were compressed', async () => {
  await using scratch = await createScratch();
  const { closed, current, head, pub } = await writeLog(scratch);
  const text = await readFile(closed, 'utf8');
  await rm(closed);
  const packed = await scratch.write('audit.jsonl.000000000001.gz', gzipSync(text));
  const { status, stdout } = await verify('--key', pub, current, packed);
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(`SUCCESS: ${head.seq} records`));
  await scratch.write('audit.jsonl.000000000001.gz', gzipSync(text.replace('"PUT"', '"GET"')));
  const broken = await verify(current, packed);
  assert.equal(broken.status, 3);
  assert.match(broken.stdout, /000000000001\.gz:1: seq 1: the record was changed/);
});
