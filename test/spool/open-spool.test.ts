import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupClaim } from '../../src/core/store/group-store.ts';
import type { KeptPush } from '../../src/pipeline/ports/spool.ts';
import { createSpool } from '../../src/spool/open-spool.ts';
import { SpoolDiskError } from '../../src/spool/spool-disk.ts';
import type { DiskChange } from '../../src/spool/spool-file.ts';
import { allowed, denied } from '../support/decision.ts';

const GROUP = '/metrics/job/a';
const CLAIM: GroupClaim = { adopted: [], settle: async () => undefined };

/** A disk in memory that fails when it is told to. */
function createDisk() {
  const rows = new Map<number, string>();
  const apply = ({ written, removed }: DiskChange): void => {
    for (const { entry, body } of written) {
      if (body !== undefined || rows.has(entry.seq)) {
        rows.set(entry.seq, `${entry.method} ${entry.families} ${entry.state}`);
      }
    }
    for (const seq of removed) rows.delete(seq);
  };
  const disk = {
    fails: 'not' as 'not' | 'wholly' | 'too late',
    entries: [],
    damaged: 0,
    async write(change: DiskChange): Promise<void> {
      if (disk.fails !== 'wholly') apply(change);
      if (disk.fails !== 'not') throw new SpoolDiskError({ message: 'it broke', isDamaged: false });
    },
    body: async () => undefined,
    close: async () => undefined,
  };
  return { disk, rows: () => [...rows.values()] };
}

function open() {
  const { disk, rows } = createDisk();
  const told: string[] = [];
  const say = (message: string): void => void told.push(message);
  const spool = createSpool(
    {
      bounds: () => ({ maxBytes: 1e6, maxAgeMs: 1e9 }),
      isRestoring: true,
      clock: { now: () => 1000, monotonic: () => 1000 },
      log: { info: say, warn: say, error: say },
      observer: {
        kept: () => say('kept'),
        failed: () => say('failed'),
        replaced: () => say('replaced'),
      },
    },
    disk,
  );
  return { spool, disk, rows, told };
}

const push = (method: KeptPush['method'], families: readonly string[] = ['f']): KeptPush => ({
  ...{ group: GROUP, method, mediaType: 'text', body: Buffer.from('f 1\n'), families },
  ...{ requestId: 'r', team: 't', credential: 'c', at: 1000, claim: CLAIM },
});

for (const fails of ['wholly', 'too late'] as const) {
  test(`a push that the disk takes ${fails === 'wholly' ? 'not' : fails} is refused, and what it would have replaced still waits`, async () => {
    const { spool, disk, rows, told } = open();
    allowed(await spool.keep(push('POST', ['a'])));
    allowed(await spool.keep(push('POST', ['b'])));
    disk.fails = fails;
    assert.equal(denied(await spool.keep(push('PUT'))).reason, 'upstream_unreachable');
    assert.deepEqual(
      spool.index.waiting(GROUP).map(({ families }) => families.join()),
      ['a', 'b'],
    );
    assert.equal(spool.hasRoom(), false);
    assert.ok(told.includes('failed') && told.includes('spool_failed'));
    assert.ok(!told.includes('replaced'));
    disk.fails = 'not';
    await spool.retry();
    assert.equal(spool.hasRoom(), true);
    assert.equal(told.at(-1), 'spool_works_again');
    assert.deepEqual(rows(), ['POST a waiting', 'POST b waiting']);
  });
}

test('of two PUTs that the disk does not take the older is not put back by the newer', async () => {
  const { spool, disk, rows } = open();
  allowed(await spool.keep(push('POST', ['a'])));
  disk.fails = 'wholly';
  const both = await Promise.all([spool.keep(push('PUT')), spool.keep(push('PUT'))]);
  assert.deepEqual(
    both.map(({ effect }) => effect),
    ['deny', 'deny'],
  );
  assert.equal(spool.index.waitingCount, 1);
  disk.fails = 'not';
  await spool.retry();
  assert.deepEqual(rows(), ['POST a waiting']);
});

test('what the disk did not take of a delivery is written once it works', async () => {
  const { spool, disk, rows } = open();
  allowed(await spool.keep(push('PUT')));
  const [head] = spool.index.heads();
  assert.ok(head);
  disk.fails = 'wholly';
  await spool.save(spool.index.deliver(head, 2000));
  assert.deepEqual(rows(), ['PUT f waiting']);
  disk.fails = 'not';
  await spool.retry();
  assert.deepEqual(rows(), ['PUT f stored']);
});

test('nothing older comes back over a push that could not be noted', async () => {
  const { spool, disk, rows } = open();
  await spool.noteStored(push('PUT', ['a']), spool.begin(GROUP));
  disk.fails = 'wholly';
  {
    using sending = spool.begin(GROUP);
    await spool.noteStored(push('PUT', ['b']), sending);
  }
  assert.deepEqual(spool.index.stored(GROUP), []);
  disk.fails = 'not';
  await spool.retry();
  assert.deepEqual(rows(), []);
});
