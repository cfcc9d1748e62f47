import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { createCheckpointSigner } from '../../src/audit/checkpoint.ts';
import { readSigningKey } from '../../src/audit/signing-key.ts';
import { batch, decision, FILE, openWriter, outcome, refusal } from '../audit/chain-fixture.ts';
import { writeHistory } from '../cli/audit/history.ts';
import { MemoryFileSystem } from '../disk/memory-file-system.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import { openShell, type Shell } from '../support/shell.ts';
import { codeBlocks, readProjectFile } from './markdown.ts';

/**
 * Every line that the page shows for a shell, run by one as it stands there, in the folder of a log.
 * The questions to the log have a test of their own for their answers.
 */

const PAGE = 'docs/operate/audit.md';

const BLOCKS = [...readProjectFile(PAGE).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
  ([, text = '']) => text,
);

/** How each block begins, what has to be there for it, and what it prints. */
const EXPECTED: readonly (readonly [start: string, log: 'signed' | 'history', prints: RegExp])[] = [
  ['sed -n 2p audit.jsonl', 'signed', /^[0-9a-f]{64} +-\n$/],
  ['pushwarden audit verify audit.jsonl*', 'signed', /\nSUCCESS: \d+ records\n$/],
  ['pushwarden audit verify --anchor', 'signed', /\nSUCCESS: \d+ records\n$/],
  ['pushwarden audit keygen', 'signed', /^audit.key: private key/],
  ['pushwarden audit verify --key', 'signed', /\nSUCCESS: \d+ records\n$/],
  ['# who overwrote this group yesterday', 'history', /payments\/ci/],
  ['pushwarden audit suggest-policy', 'history', /^$/],
  ['# refusals by reason', 'history', /"rate_limited": 90[\s\S]*\n$/],
];

/** A log that is signed with the key of the page, and a place of its chain. */
async function writeSigned(scratch: Scratch, shell: Shell): Promise<string> {
  await shell.run(BLOCKS.find((block) => block.includes('keygen')) ?? assert.fail());
  const fs = new MemoryFileSystem();
  const signer = createCheckpointSigner(readSigningKey(`${scratch.path}/audit.key`));
  const writer = openWriter(fs, { signer });
  writer.commit(batch(decision('a'), outcome('a'), refusal('b')));
  writer.close('2026-11-22T12:00:00.000Z');
  await scratch.write('audit.jsonl', fs.content(FILE));
  return `${writer.head.seq}:${writer.head.hash}`;
}

test(`${PAGE} has the examples that are run here, and no others`, () => {
  assert.equal(BLOCKS.length, EXPECTED.length);
  for (const [at, [start]] of EXPECTED.entries()) assert.ok(BLOCKS[at]?.startsWith(start), start);
  assert.equal(codeBlocks(readProjectFile(PAGE)).filter((text) => text.includes('jq ')).length, 2);
});

for (const [at, [start, log, prints]] of EXPECTED.entries()) {
  test(`${PAGE}: ${start} … runs as it stands there`, async () => {
    await using scratch = await createScratch();
    const shell = await openShell(scratch);
    const block = BLOCKS[at] ?? '';
    if (log === 'history') {
      await writeHistory(scratch, Date.now());
      await scratch.write('pushwarden.yaml', CONFIG);
      // jq reads no compressed segment, and is shown none
      if (block.includes('jq ')) await rm(`${scratch.path}/audit.jsonl.000000000001`);
      assert.match((await shell.run(block)).stdout, prints);
      return;
    }
    const anchor = await writeSigned(scratch, shell);
    if (block.includes('keygen')) {
      for (const file of ['audit.key', 'audit.key.pub']) await rm(`${scratch.path}/${file}`);
    }
    // the place is of another log
    const command = block.replace(/(?<=--anchor )\S+/, anchor);
    assert.match((await shell.run(command)).stdout, prints);
  });
}

const CONFIG = JSON.stringify({
  upstream: { url: 'http://127.0.0.1:9092' },
  teams: {
    payments: {
      jobs: ['settlement', 'batch'],
      credentials: [{ type: 'token', name: 'ci', sha256: '1'.repeat(64) }],
    },
  },
});
