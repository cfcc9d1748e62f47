import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createCheckpointSigner } from '../../../src/audit/checkpoint.ts';
import { verifyAuditLog } from '../../../src/audit/verify/verify-audit-log.ts';
import { createVerifyPool } from '../../../src/audit/verify/verify-pool.ts';
import { type ChainHead, GENESIS, sealEntry } from '../../../src/core/audit/audit-chain.ts';
import { nodeFileSystem } from '../../../src/disk/file-system.ts';
import { MemoryFileSystem } from '../../disk/memory-file-system.ts';
import { createScratch } from '../../support/scratch.ts';
import { batch, decision, FILE, openWriter, outcome, verifyAll } from '../chain-fixture.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = createCheckpointSigner(privateKey);
const NO_CHECKS = { keys: [], anchors: [] };

/** A log of `pushes` with decision and outcome, signed if asked for. */
function writeLog(pushes: number, isSigned = false): MemoryFileSystem {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, isSigned ? { signer } : {});
  for (let index = 0; index < pushes; index += 1) {
    writer.commit(batch(decision(`r${index}`), outcome(`r${index}`)));
  }
  writer.close('2026-11-22T12:00:00.000Z');
  return fs;
}

function headOf(fs: MemoryFileSystem, line: number): ChainHead {
  const { seq, hash } = JSON.parse(fs.content(FILE).split('\n').at(line) ?? '');
  return { seq, hash };
}

/** Seals the given lines anew, as someone would who wants to hide a change. */
function chainAnew(lines: readonly string[]): string {
  let head = GENESIS;
  return lines
    .map((line) => {
      const { seq: _seq, prev: _prev, hash: _hash, ...content } = JSON.parse(line);
      const sealed = sealEntry(JSON.stringify(content), head);
      head = sealed.head;
      return `${sealed.line}\n`;
    })
    .join('');
}

test('a byte changed at any offset is found', async () => {
  const whole = Buffer.from(writeLog(1, true).content(FILE), 'latin1');
  const missed: string[] = [];
  for (let offset = 0; offset < whole.length; offset += 1) {
    for (const flip of [0x01, 0x20, 0x80]) {
      const changed = Buffer.from(whole);
      changed[offset] = (whole[offset] ?? 0) ^ flip;
      const fs = new MemoryFileSystem();
      fs.put(FILE, changed);
      const { firstBreak, torn } = await verifyAll(fs);
      const line = whole.subarray(0, offset).toString('latin1').split('\n').length;
      const isFound = firstBreak ? firstBreak.line === line : torn?.line === line;
      if (!isFound) missed.push(`byte ${offset} ^ ${flip}`);
    }
  }
  assert.deepEqual(missed, []);
});

test('a byte removed or doubled at any offset is found', async () => {
  const whole = writeLog(1).content(FILE);
  for (let offset = 0; offset < whole.length; offset += 1) {
    for (const insert of ['', whole.slice(offset, offset + 1).repeat(2)]) {
      const fs = new MemoryFileSystem();
      fs.put(FILE, whole.slice(0, offset) + insert + whole.slice(offset + 1));
      const { firstBreak, torn } = await verifyAll(fs);
      assert.ok(firstBreak ?? torn, `byte ${offset}`);
    }
  }
});

describe('a changed log', () => {
  const lines = writeLog(3).content(FILE).trimEnd().split('\n');
  for (const [name, changed, expected] of [
    [
      'without a record',
      lines.toSpliced(2, 1),
      { line: 3, seq: 4, problem: 'records are missing: expected 3, found 4' },
    ],
    [
      'with a record twice',
      lines.toSpliced(2, 0, lines[1] ?? ''),
      { line: 3, seq: 2, problem: 'a record twice or out of order: expected 3, found 2' },
    ],
    [
      'with two records swapped',
      lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? ''),
      { line: 3, seq: 4, problem: 'records are missing: expected 3, found 4' },
    ],
    [
      'with a line of something else',
      lines.toSpliced(2, 0, 'x'),
      { line: 3, problem: 'the line is not a JSON object' },
    ],
    [
      'with a record of another log',
      lines.toSpliced(2, 1, writeLog(3, true).content(FILE).split('\n')[2] ?? ''),
      { line: 3, seq: 3, problem: 'prev is not the hash of record 2' },
    ],
    [
      'that begins with another prev',
      writeForeignStart(),
      { line: 1, seq: 1, problem: 'prev is not the hash of record 0' },
    ],
  ] as const) {
    test(`${name} is broken there`, async () => {
      const fs = new MemoryFileSystem();
      fs.put(FILE, changed.map((line) => `${line}\n`).join(''));
      assert.deepEqual((await verifyAll(fs)).firstBreak, { file: FILE, ...expected });
    });
  }

  test('that was cut is whole without an anchor, and broken with one', async () => {
    const fs = writeLog(3);
    const anchor = headOf(fs, 5);
    fs.put(FILE, fs.content(FILE).split('\n').slice(0, 4).join('\n').concat('\n'));
    assert.equal((await verifyAll(fs)).firstBreak, undefined);
    assert.deepEqual(
      (await verifyAuditLog(fs, [FILE], { keys: [], anchors: [anchor] })).firstBreak,
      {
        file: FILE,
        line: 4,
        seq: 6,
        problem: 'the log ends at record 4, before the anchor 6',
      },
    );
  });

  test('that was chained anew is whole without an anchor, and broken with one', async () => {
    const fs = writeLog(3);
    const anchor = headOf(fs, 5);
    fs.put(FILE, chainAnew(fs.content(FILE).trimEnd().split('\n').toSpliced(0, 2)));
    const anchors = [{ ...anchor, seq: 4 }];
    assert.equal((await verifyAll(fs)).firstBreak, undefined);
    const { firstBreak } = await verifyAuditLog(fs, [FILE], { keys: [], anchors });
    assert.equal(firstBreak?.problem, 'record 4 is not the one that the anchor names');
  });

  test('that was chained anew is broken at its first checkpoint when the key is known', async () => {
    const fs = writeLog(3, true);
    const all = fs.content(FILE).trimEnd().split('\n');
    fs.put(FILE, chainAnew(all.toSpliced(3, 1)));
    const check = { keys: [publicKey], anchors: [] };
    assert.deepEqual((await verifyAuditLog(fs, [FILE], check)).firstBreak, {
      file: FILE,
      line: all.length - 1,
      seq: all.length - 1,
      problem: 'the signature of the checkpoint does not hold',
    });
    fs.put(FILE, chainAnew(all.filter((line) => !line.includes('checkpoint'))));
    assert.equal(
      (await verifyAuditLog(fs, [FILE], check)).firstBreak?.problem,
      'no checkpoint is signed',
    );
  });
});

describe('a signed log', () => {
  test('says how far it is signed', async () => {
    const fs = writeLog(3, true);
    const report = await verifyAuditLog(fs, [FILE], { keys: [publicKey], anchors: [] });
    assert.equal(report.firstBreak, undefined);
    assert.deepEqual(report.signed, report.head);
  });

  test('is broken at a checkpoint of a key that was not named', async () => {
    const other = generateKeyPairSync('ed25519').publicKey;
    const report = await verifyAuditLog(writeLog(1, true), [FILE], { keys: [other], anchors: [] });
    assert.equal(report.firstBreak?.problem, 'the checkpoint is signed with another key');
  });

  test('takes several keys, one after the other', async () => {
    const fs = writeLog(1, true);
    const next = generateKeyPairSync('ed25519');
    const writer = openWriter(fs, { signer: createCheckpointSigner(next.privateKey) });
    writer.commit(batch(decision('x')));
    const check = { keys: [publicKey, next.publicKey], anchors: [] };
    assert.equal((await verifyAuditLog(fs, [FILE], check)).firstBreak, undefined);
  });

  test('is broken when more follows unsigned than the gateway leaves unsigned', async () => {
    const fs = writeLog(1, true);
    const writer = openWriter(fs);
    writer.commit(batch(...Array.from({ length: 1024 }, (_, index) => decision(`${index}`))));
    const check = { keys: [publicKey], anchors: [] };
    assert.equal((await verifyAuditLog(fs, [FILE], check)).firstBreak, undefined);
    writer.commit(batch(decision('one too many')));
    assert.equal(
      (await verifyAuditLog(fs, [FILE], check)).firstBreak?.problem,
      'the last 1025 records are not signed by a checkpoint',
    );
  });
});

describe('anchors', () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { rotateBytes: 1, keep: 1 });
  const heads = ['a', 'b', 'c', 'd'].map((id) => {
    writer.commit(batch(decision(id)));
    return writer.head;
  });
  const files = [FILE, `${FILE}.000000000003`];
  for (const [name, anchor, problem] of [
    ['of a record', heads[2], undefined],
    ['of the newest record', heads[3], undefined],
    ['of the record before the oldest', heads[1], undefined],
    ['older than that', heads[0], 'the anchor 1 is older than the oldest record'],
    [
      'of the record before the oldest with another hash',
      { seq: 2, hash: GENESIS.hash },
      'record 2 is not the one that the anchor names',
    ],
  ] as const) {
    test(`${name} ${problem === undefined ? 'hold' : 'do not hold'}`, async () => {
      assert.ok(anchor);
      const report = await verifyAuditLog(fs, files, { keys: [], anchors: [anchor] });
      assert.equal(report.firstBreak?.problem, problem);
    });
  }

  test('make a torn last line a break', async () => {
    const torn = writeLog(2);
    const anchor = headOf(torn, 0);
    torn.put(FILE, torn.content(FILE).slice(0, -9));
    const free = await verifyAuditLog(torn, [FILE], NO_CHECKS);
    assert.equal(free.firstBreak, undefined);
    assert.deepEqual(free.torn, { file: FILE, line: 4 });
    const anchored = await verifyAuditLog(torn, [FILE], { keys: [], anchors: [anchor] });
    assert.deepEqual(anchored.firstBreak, {
      file: FILE,
      line: 4,
      problem: 'the last line is torn',
    });
  });
});

for (const [what, tail, isTorn] of [
  ['the beginning of the next record', '{"seq":5,"time":"2026', true],
  ['no more than a brace', '{', true],
  ['zeros', '{"se\0\0\0', true],
  ['the beginning of another record', '{"seq":7,"time":"2026', false],
  ['anything else', 'x', false],
  ['control characters', '{"seq":5,"time":"\n'.slice(0, -1).concat('\u001b'), false],
  ['more than a record', `{"seq":5,"time":"${'x'.repeat(40_000)}`, false],
] as const) {
  test(`a last line that has no end and is ${what} is ${isTorn ? 'torn' : 'a break'}`, async () => {
    const fs = writeLog(2);
    const { seq } = headOf(fs, 3);
    fs.put(FILE, fs.content(FILE) + tail.replace('"seq":5', `"seq":${seq + 1}`));
    const report = await verifyAuditLog(fs, [FILE], NO_CHECKS);
    assert.equal(report.torn !== undefined, isTorn);
    assert.equal(report.firstBreak?.problem.includes('has no end') ?? false, !isTorn);
  });
}

test('segments are put in order, whatever order they are named in', async () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { rotateBytes: 1 });
  for (let index = 0; index < 12; index += 1) writer.commit(batch(decision(`r${index}`)));
  const names = fs.names();
  for (const files of [names, names.toReversed(), [...names.slice(5), ...names.slice(0, 5)]]) {
    const { firstBreak, records } = await verifyAuditLog(fs, files, NO_CHECKS);
    assert.equal(firstBreak, undefined);
    assert.equal(records, 12);
  }
});

test('a segment that is missing is found at the next one', async () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { rotateBytes: 1 });
  for (const id of ['a', 'b', 'c']) writer.commit(batch(decision(id)));
  const files = fs.names().filter((name) => !name.endsWith('2'));
  assert.deepEqual((await verifyAuditLog(fs, files, NO_CHECKS)).firstBreak, {
    file: FILE,
    line: 1,
    seq: 3,
    problem: 'records are missing: expected 2, found 3',
  });
});

test('a log cut into parts of any size gets the same report', async () => {
  const fs = new MemoryFileSystem();
  const writer = openWriter(fs, { rotateBytes: 4000, signer });
  for (let index = 0; index < 40; index += 1) writer.commit(batch(decision(`r${index}`)));
  const files = fs.names();
  const whole = new Map(files.map((file) => [file, fs.content(file)]));
  const change = fc.record({
    file: fc.constantFrom(...files),
    offset: fc.nat(3999),
    removed: fc.nat(800),
    inserted: fc.constantFrom('', 'x', '\n', 'x\n', '\0'.repeat(70_000)),
    partBytes: fc.integer({ min: 500, max: 5000 }),
    anchor: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ file, offset, removed, inserted, partBytes, anchor }) => {
      for (const [name, content] of whole) fs.put(name, content);
      const content = whole.get(file) ?? '';
      fs.put(file, content.slice(0, offset) + inserted + content.slice(offset + removed));
      for (const anchors of [[], [{ seq: anchor, hash: GENESIS.hash }]]) {
        const check = { keys: [publicKey], anchors };
        const report = await verifyAuditLog(fs, files, check);
        assert.deepEqual(await verifyAuditLog(fs, files, check, undefined, partBytes), report);
      }
    }),
    { numRuns: 50 },
  );
});

test('threads check parts and give the same report', async () => {
  await using scratch = await createScratch();
  const content = writeLog(300, true).content(FILE);
  const line = content.split('\n').length >> 1;
  const damaged = content.split('\n').toSpliced(line, 1).join('\n');
  for (const text of [content, damaged, content.slice(0, -9)]) {
    const file = await scratch.write('audit.jsonl', text);
    const check = { keys: [publicKey], anchors: [] };
    const here = await verifyAuditLog(nodeFileSystem, [file], check);
    const pool = createVerifyPool(2, 0);
    assert.deepEqual(await verifyAuditLog(nodeFileSystem, [file], check, pool, 9999), here);
  }
});

test('an empty file is an audit log without records', async () => {
  const fs = new MemoryFileSystem();
  fs.put(FILE, '');
  const { firstBreak, records } = await verifyAuditLog(fs, [FILE], NO_CHECKS);
  assert.equal(firstBreak, undefined);
  assert.equal(records, 0);
});

function writeForeignStart(): readonly string[] {
  const { line } = sealEntry(batch(decision('x')).entries[0] ?? '', {
    seq: 0,
    hash: `sha256:${'0'.repeat(64)}`,
  });
  return [line];
}
