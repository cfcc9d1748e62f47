import assert from 'node:assert/strict';
import { beforeEach, describe, mock, test } from 'node:test';
import { GroupCommit, type GroupCommitOptions } from '../../../src/audit/log/group-commit.ts';
import type { WriterReply, WriterRequest } from '../../../src/audit/writer/writer-messages.ts';
import { GENESIS } from '../../../src/core/audit/audit-chain.ts';
import type { AuditEvent } from '../../../src/core/audit/audit-record.ts';
import { decision, NOON, outcome, refusal } from '../chain-fixture.ts';

const UNAVAILABLE = { code: 'ERR_AUDIT_UNAVAILABLE' };

/** A disk that answers when the test says so. */
class Disk {
  readonly batches: (readonly string[])[] = [];
  readonly requests: WriterRequest[] = [];
  #answer: ((reply: WriterReply) => void) | undefined;
  #seq = 0;

  readonly request = (request: WriterRequest): Promise<WriterReply> => {
    this.requests.push(request);
    if ('entries' in request) this.batches.push(request.entries.map(describeEntry));
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  };

  async commit(isLow = false): Promise<void> {
    this.#seq += this.batches.at(-1)?.length ?? 0;
    const head = { seq: this.#seq, hash: `sha256:${this.#seq}` };
    await this.#reply({ type: 'committed', head, checkpoints: 0, isLow });
  }

  async fail(message = 'EIO', tornBytes = 0): Promise<void> {
    await this.#reply({ type: 'failed', cause: 'write_failed', message, tornBytes });
  }

  async #reply(reply: WriterReply): Promise<void> {
    assert.ok(this.#answer, 'nothing was sent');
    const answer = this.#answer;
    this.#answer = undefined;
    answer(reply);
    await settle();
  }
}

function describeEntry(json: string): string {
  const { event, request_id: id, cause, lost_events: lost, torn_bytes: torn } = JSON.parse(json);
  if (event === 'recovered') return `recovered ${cause} ${torn} torn ${lost} lost`;
  return id === undefined ? event : `${event} ${id}`;
}

/** Lets promises go as far as they can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** Ends this turn of the event loop. */
function endTurn(): void {
  mock.timers.tick(0);
}

/** Refusals of 4 kB each: thousands are more than what may wait for the disk. */
function submitLarge(commit: GroupCommit, name: string, count: number): void {
  const large = { user_agent: 'x'.repeat(4000) };
  for (let index = 0; index < count; index += 1) commit.submit(refusal(`${name}${index}`, large));
}

interface Bench {
  readonly disk: Disk;
  readonly commit: GroupCommit;
  /** What the observer heard. */
  readonly heard: string[];
  /** Appends in a turn of the event loop of its own, and says later what became of it. */
  append(event: AuditEvent): { state: string };
}

function open(options: Partial<GroupCommitOptions> = {}): Bench {
  const disk = new Disk();
  const heard: string[] = [];
  const commit = new GroupCommit(GENESIS, {
    onFailure: 'deny',
    deadlineMs: 5000,
    retryMs: 250,
    clock: { now: () => NOON, monotonic: () => 0 },
    observer: {
      recorded: (event) => heard.push(`recorded ${event}`),
      missed: (event) => heard.push(`missed ${event}`),
      unavailable: (error) => heard.push(error.message),
      available: () => heard.push('available'),
      checkpoint: ({ seq }) => heard.push(`checkpoint ${seq}`),
    },
    request: disk.request,
    ...options,
  });
  return {
    disk,
    commit,
    heard,
    append(event) {
      const seen = { state: 'waits' };
      commit.submit(event, {
        resolve: () => {
          seen.state = 'resolved';
        },
        reject: (error) => {
          seen.state = error.code;
        },
      });
      endTurn();
      return seen;
    },
  };
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
});

test('what comes in one turn of the event loop goes together', async () => {
  const { disk, commit } = open();
  for (const id of ['a', 'b']) commit.submit(decision(id));
  assert.deepEqual(disk.batches, []);
  endTurn();
  assert.deepEqual(disk.batches, [['decision a', 'decision b']]);
  await disk.commit();
  commit.submit(outcome('a'));
  endTurn();
  assert.deepEqual(disk.batches[1], ['outcome a']);
});

test('what comes while a batch is on its way goes together in the next', async () => {
  const { disk, append, commit } = open();
  const first = append(decision('a'));
  const others = [append(decision('b')), append(outcome('x')), append(decision('c'))];
  commit.submit(refusal('d'));
  assert.deepEqual(disk.batches, [['decision a']]);
  await disk.commit();
  assert.equal(first.state, 'resolved');
  endTurn();
  assert.deepEqual(disk.batches[1], ['decision b', 'outcome x', 'decision c', 'decision d']);
  assert.ok(others.every(({ state }) => state === 'waits'));
  await disk.commit();
  assert.ok(others.every(({ state }) => state === 'resolved'));
  assert.equal(commit.head.seq, 5);
});

test('a batch gathers as long as each turn of the event loop brings more', () => {
  const { disk, commit } = open();
  commit.submit(decision('a'));
  commit.submit(decision('b'));
  setImmediate(() => commit.submit(decision('c')));
  endTurn();
  assert.deepEqual(disk.batches, [['decision a', 'decision b', 'decision c']]);
});

test('a batch that always gets more is sent all the same', () => {
  const { disk, commit } = open();
  commit.submit(decision('a'));
  let count = 1;
  const goOn = (): void => {
    if (disk.batches.length > 0) return;
    commit.submit(decision(`b${count}`));
    count += 1;
    assert.ok(count < 100);
    setImmediate(goOn);
  };
  goOn();
  endTurn();
  assert.ok(count > 2 && count < 12, `${count}`);
});

test('a batch has a bounded size', () => {
  const { disk, commit } = open();
  for (let index = 0; index < 3000; index += 1) {
    commit.submit(refusal(`r${index}`, { user_agent: 'x'.repeat(1000) }));
  }
  endTurn();
  const length = disk.batches[0]?.length ?? 0;
  assert.ok(length > 500 && length < 1000, `${length} entries`);
});

describe('when a batch fails', () => {
  test('its callers are refused, and so is who comes until the next try', async () => {
    const { disk, append, heard } = open();
    const seen = [append(decision('a')), append(decision('b'))];
    await disk.fail();
    seen.push(append(decision('c')));
    assert.deepEqual(
      seen.map(({ state }) => state),
      Array(3).fill(UNAVAILABLE.code),
    );
    assert.deepEqual(heard, [
      'the audit log cannot be written: EIO',
      'missed decision',
      'missed decision',
      'missed decision',
    ]);
    assert.equal(disk.batches.length, 1);
  });

  test('what was refused is not written later, what happened is, behind a record of the outage', async () => {
    const { disk, append, commit, heard } = open();
    append(decision('a'));
    append(outcome('b'));
    commit.submit(refusal('c'));
    await disk.fail('ENOSPC', 17);
    append(decision('d'));
    append(outcome('e'));
    mock.timers.tick(250);
    assert.deepEqual(disk.batches[1], [
      'recovered write_failed 17 torn 0 lost',
      'outcome b',
      'decision c',
      'outcome e',
    ]);
    await disk.commit();
    assert.equal(heard.at(-1), 'available');
    const next = append(decision('f'));
    assert.deepEqual(disk.batches[2], ['decision f']);
    await disk.commit();
    assert.equal(next.state, 'resolved');
  });

  test('it is tried again and again without anyone asking', async () => {
    const { disk, append, heard } = open();
    append(decision('a'));
    await disk.fail();
    for (let tries = 2; tries < 6; tries += 1) {
      mock.timers.tick(249);
      assert.equal(disk.batches.length, tries - 1);
      mock.timers.tick(1);
      assert.deepEqual(disk.batches[tries - 1], ['recovered write_failed 0 torn 0 lost']);
      await disk.fail();
    }
    assert.equal(heard.filter((line) => line.includes('cannot be written')).length, 1);
  });

  test('who comes during a try waits for it', async () => {
    const { disk, append } = open();
    append(decision('a'));
    await disk.fail();
    mock.timers.tick(250);
    const seen = append(decision('b'));
    assert.equal(seen.state, 'waits');
    await disk.commit();
    await disk.commit();
    assert.equal(seen.state, 'resolved');
  });

  test('events beyond the bound of memory are counted as lost', async () => {
    const { disk, append, commit } = open();
    append(decision('a'));
    await disk.fail();
    submitLarge(commit, 'r', 5000);
    mock.timers.tick(250);
    const told = disk.batches[1]?.[0] ?? '';
    const [, lost] = /^recovered write_failed 0 torn (\d+) lost$/.exec(told) ?? [];
    assert.ok(Number(lost) > 0, told);
    let written = (disk.batches[1]?.length ?? 0) - 1;
    for (let index = 2; ; index += 1) {
      await disk.commit();
      if (disk.batches[index] === undefined) break;
      written += disk.batches[index]?.length ?? 0;
    }
    assert.equal(written + Number(lost), 5000);
  });
});

test('events lost while an outage is being recorded are told by the next record', async () => {
  const { disk, append, commit } = open();
  append(decision('a'));
  await disk.fail();
  submitLarge(commit, 'r', 5000);
  mock.timers.tick(250);
  submitLarge(commit, 's', 100);
  await disk.commit();
  const told = disk.batches.map(([first = '']) => /torn (\d+) lost$/.exec(first)?.[1]);
  assert.ok(Number(told[1]) > 0 && Number(told[2]) > 0, told.join());
  assert.ok(Number(told[2]) < 100);
});

describe('on_failure: continue', () => {
  test('lets callers go on, counts them and writes everything later', async () => {
    const { disk, append, heard } = open({ onFailure: 'continue' });
    const seen = [append(decision('a'))];
    await disk.fail();
    seen.push(append(decision('b')), append(outcome('b')));
    assert.deepEqual(
      seen.map(({ state }) => state),
      Array(3).fill('resolved'),
    );
    assert.equal(heard.filter((line) => line.startsWith('missed')).length, 3);
    mock.timers.tick(250);
    assert.deepEqual(disk.batches[1]?.slice(1), ['decision a', 'decision b', 'outcome b']);
  });
});

describe('a disk that hangs', () => {
  test('refuses after the deadline, and at once from then on', async () => {
    const { disk, append, heard } = open();
    const seen = [append(decision('a')), append(decision('b'))];
    mock.timers.tick(4999);
    assert.deepEqual(
      seen.map(({ state }) => state),
      ['waits', 'waits'],
    );
    mock.timers.tick(1);
    seen.push(append(decision('c')));
    assert.deepEqual(
      seen.map(({ state }) => state),
      Array(3).fill(UNAVAILABLE.code),
    );
    assert.equal(heard[0], 'the audit log cannot be written: the disk does not answer');
    assert.equal(disk.batches.length, 1);
  });

  test('is recorded when it answers after all, with what happened meanwhile', async () => {
    const { disk, append, heard } = open();
    append(decision('a'));
    mock.timers.tick(5000);
    append(outcome('b'));
    await disk.commit();
    assert.deepEqual(disk.batches[1], ['recovered stalled 0 torn 0 lost', 'outcome b']);
    await disk.commit();
    assert.equal(heard.at(-1), 'available');
    assert.deepEqual(disk.batches.length, 2);
  });

  test('and then fails keeps what happened', async () => {
    const { disk, append } = open();
    append(outcome('a'));
    mock.timers.tick(5000);
    await disk.fail();
    mock.timers.tick(250);
    assert.deepEqual(disk.batches[1], ['recovered stalled 0 torn 0 lost', 'outcome a']);
  });
});

describe('a disk that is full but for its reserve', () => {
  test('takes what has begun and refuses what begins', async () => {
    const { disk, append, commit, heard } = open();
    const begun = append(decision('a'));
    await disk.commit(true);
    assert.equal(begun.state, 'resolved');
    assert.deepEqual(heard.slice(1), ['the audit log cannot be written: the disk is full']);
    assert.equal(append(decision('b')).state, UNAVAILABLE.code);
    const ending = append(outcome('a'));
    commit.submit(refusal('b', { reason: 'audit_unavailable' }));
    assert.deepEqual(disk.batches[1], ['outcome a']);
    await disk.commit(true);
    assert.equal(ending.state, 'resolved');
  });

  test('is asked again until there is room, and that is recorded', async () => {
    const { disk, append, heard } = open();
    append(decision('a'));
    await disk.commit(true);
    mock.timers.tick(250);
    assert.deepEqual(disk.batches[1], []);
    assert.equal(append(decision('b')).state, UNAVAILABLE.code);
    await disk.commit(true);
    mock.timers.tick(250);
    await disk.commit(false);
    assert.deepEqual(disk.batches[3], ['recovered write_failed 0 torn 0 lost']);
    await disk.commit();
    assert.equal(heard.at(-1), 'available');
    append(decision('c'));
    assert.deepEqual(disk.batches[4], ['decision c']);
  });

  test('can be closed', async () => {
    const { disk, append, commit } = open();
    append(decision('a'));
    await disk.commit(true);
    const closed = commit.close();
    await disk.commit(true);
    await disk.commit(true);
    await closed;
  });
});

describe('checkpoints', () => {
  test('are asked for and reported when something is new', async () => {
    const { disk, append, commit, heard } = open();
    commit.requestCheckpoint();
    assert.equal(disk.requests.length, 0);
    append(decision('a'));
    await disk.commit();
    commit.requestCheckpoint();
    assert.deepEqual(disk.requests.at(-1), {
      entries: [],
      checkpoint: true,
      time: '2026-11-22T12:00:00.000Z',
    });
    await disk.commit();
    assert.equal(heard.at(-1), 'checkpoint 1');
    commit.requestCheckpoint();
    assert.equal(disk.requests.length, 2);
  });
});

describe('closing', () => {
  test('writes what is queued, then closes the file', async () => {
    const { disk, append, commit, heard } = open();
    append(decision('a'));
    commit.submit(refusal('b'));
    const closed = commit.close();
    await disk.commit();
    await disk.commit();
    assert.ok('close' in (disk.requests.at(-1) ?? {}));
    await disk.commit();
    await closed;
    assert.deepEqual(disk.batches, [['decision a'], ['decision b']]);
    assert.match(heard.at(-1) ?? '', /^checkpoint /);
    assert.equal(append(decision('c')).state, UNAVAILABLE.code);
  });

  test('tries a broken disk once more', async () => {
    const { disk, append, commit } = open();
    append(outcome('a'));
    await disk.fail();
    const closed = commit.close();
    assert.deepEqual(disk.batches[1]?.[1], 'outcome a');
    await disk.commit();
    await disk.commit();
    await closed;
  });

  test('rejects when something stays unwritten, but lets go of the file', async () => {
    const { disk, append, commit } = open();
    append(outcome('a'));
    await disk.fail();
    const closed = assert.rejects(commit.close(), UNAVAILABLE);
    await disk.fail();
    assert.ok('close' in (disk.requests.at(-1) ?? {}));
    await disk.commit();
    await closed;
  });

  test('rejects when the disk hangs', async () => {
    for (const events of [[], [decision('a')]]) {
      const { disk, append, commit } = open();
      for (const event of events) append(event);
      const closed = assert.rejects(commit.close(), UNAVAILABLE);
      await settle();
      mock.timers.tick(5000);
      await settle();
      mock.timers.tick(5000);
      await closed;
      // the thread is ended, which fails what was under way
      await disk.fail();
      const { length } = disk.requests;
      mock.timers.tick(60_000);
      assert.equal(disk.requests.length, length);
    }
  });
});
