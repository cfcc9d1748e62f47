import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { deny } from '../../src/core/decision.ts';
import type { ScrapeFilter } from '../../src/core/scrape/scrape-filter.ts';
import { freeChunks } from '../../src/http/read-chunks.ts';
import { createRelay, NO_FILTER } from '../../src/http/relay.ts';
import { startServer } from './loopback-server.ts';

const onRefusal = (): void => assert.fail('nothing is refused');

/** Takes what it is given after a while, and reads it only then. */
function slowWriter() {
  const taken: Buffer[] = [];
  const out = new Writable({
    highWaterMark: 1024,
    write(chunk: Buffer, _, done) {
      setTimeout(() => {
        taken.push(Buffer.from(chunk));
        done();
      }, 2);
    },
  });
  return { out, taken };
}

function inChunks(bytes: Buffer): readonly Buffer[] {
  const chunks: Buffer[] = [];
  const lengths = [1, 4096, 17, 100_000, 3, 200_000];
  for (let at = 0; at < bytes.length; at += chunks.at(-1)?.length ?? 0) {
    chunks.push(bytes.subarray(at, at + (lengths[chunks.length % lengths.length] ?? 1)));
  }
  return chunks;
}

test('all bytes arrive, in few blocks, however slowly they are taken', async () => {
  const bytes = randomBytes(2_000_000);
  const { out, taken } = slowWriter();
  await pipeline(
    Readable.from(inChunks(bytes)),
    createRelay(out, { filter: NO_FILTER, onRefusal }).sink,
  );
  assert.ok(Buffer.concat(taken).equals(bytes));
  assert.ok(out.writableFinished);
  assert.ok(taken.length < 50, `${taken.length} blocks`);
});

test('others have their turn while a large chunk is filtered', async () => {
  let turns = 0;
  const counted = setInterval(() => {
    turns += 1;
  });
  let turnsAtLast = 0;
  const slow: ScrapeFilter = {
    ...NO_FILTER,
    add(chunk, keep) {
      const end = performance.now() + 1;
      while (performance.now() < end);
      turnsAtLast = turns;
      return NO_FILTER.add(chunk, keep);
    },
  };
  const { out } = slowWriter();
  const bytes = randomBytes(1_000_000);
  await pipeline(Readable.from([bytes]), createRelay(out, { filter: slow, onRefusal }).sink);
  clearInterval(counted);
  assert.ok(turnsAtLast >= 10, `${turnsAtLast} turns`);
});

test('a small part does not wait for more', async () => {
  const { out, taken } = slowWriter();
  const { sink } = createRelay(out, { filter: NO_FILTER, onRefusal });
  sink.write('some');
  for (let tries = 0; taken.length === 0 && tries < 500; tries += 1) await delay(10);
  assert.equal(Buffer.concat(taken).toString(), 'some');
});

test('what the filter refuses is told, and breaks the stream off', async () => {
  const refusal = deny('upstream_invalid', { internal: 'odd' });
  const { out } = slowWriter();
  const refused: unknown[] = [];
  const { sink } = createRelay(out, {
    filter: { ...NO_FILTER, end: () => refusal },
    onRefusal: (why) => refused.push(why),
  });
  await assert.rejects(pipeline(Readable.from([Buffer.from('some')]), sink), /odd/);
  assert.deepEqual(refused, [refusal]);
  assert.ok(out.destroyed && !out.writableEnded);
});

test('a source that breaks off breaks the stream off, and who leaves ends the source', async () => {
  const broken = slowWriter();
  const source = new Readable({ read() {} });
  source.push('some');
  setTimeout(() => source.destroy(new Error('away')), 5);
  const { sink } = createRelay(broken.out, { filter: NO_FILTER, onRefusal });
  await assert.rejects(pipeline(source, sink), /away/);
  assert.ok(broken.out.destroyed && !broken.out.writableEnded);

  const left = slowWriter();
  const endless = new Readable({ read: () => endless.push('x'.repeat(1000)) });
  setTimeout(() => left.out.destroy(), 20);
  await assert.rejects(
    pipeline(endless, createRelay(left.out, { filter: NO_FILTER, onRefusal }).sink),
    /nobody/,
  );
  assert.ok(endless.destroyed);
});

test('what an answer was read into is freed while more of it comes', {
  timeout: 20_000,
}, async () => {
  const bytes = randomBytes(3_000_000);
  await using server = await startServer((_, res) => res.end(bytes));
  const answer = await new Promise<IncomingMessage>((resolve) => get(server.url, resolve));
  const { out, taken } = slowWriter();
  const relay = createRelay(out, { filter: NO_FILTER, onRefusal });
  const read: Buffer[] = [];
  answer.socket.prependListener('data', (chunk: Buffer) => read.push(chunk));
  freeChunks(answer, relay);
  await pipeline(answer, relay.sink);
  assert.ok(Buffer.concat(taken).equals(bytes));
  const freed = read.filter(({ byteLength }) => byteLength === 0).length;
  assert.ok(freed > read.length / 2, `${freed} of ${read.length}`);
});
