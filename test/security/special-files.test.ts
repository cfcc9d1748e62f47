import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAuditLog } from '../../src/audit/log/audit-log.ts';
import { generateSigningKey } from '../../src/audit/signing-key.ts';
import { loadConfig } from '../../src/config/load.ts';
import { decision } from '../audit/chain-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { runCli } from '../support/run-cli.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

/**
 * The attack: `audit.file` names what is no file, by a mistake (`/dev/stdout`) or because somebody
 * who may write in the folder put a link there. `check` was content, and a gateway that runs as
 * root removed the device, put a file in its place and refused to stop calling it a log; a FIFO held
 * the start for ever. The same for every other name that the gateway writes, renames or removes: the
 * lock, the reserve, the closed segments. And a log that a backup had restored with mode 0644 stayed
 * readable by everybody.
 */
const NAMES = [
  'audit.jsonl',
  '.audit.jsonl.lock',
  '.audit.jsonl.lock-journal',
  '.audit.jsonl.lock-wal',
  '.audit.jsonl.reserve',
  'audit.jsonl.000000000001',
  'audit.jsonl.000000000001.1',
];

/** Puts something that is no file at a path, in a folder of the test's own. */
const KINDS: Readonly<Record<string, (path: string, scratch: Scratch) => Promise<unknown>>> = {
  directory: (path) => mkdir(path),
  FIFO: async (path) => execFileSync('mkfifo', [path]),
  device: async (path) => execFileSync('mknod', [path, 'c', '1', '3']),
  socket: makeSocket,
  'symbolic link': (path, scratch) => symlink(join(scratch.path, 'nothing'), path),
};

/** The socket's name stays when its server is gone. */
async function makeSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.s`, resolve));
  await rename(`${path}.s`, path);
  await new Promise((resolve) => server.close(resolve));
}

async function writeConfig(scratch: Scratch, audit: object = {}, credential: object = {}) {
  const token = { type: 'token', name: 'ci', sha256: 'ab'.repeat(32), ...credential };
  return scratch.write(
    'pushwarden.yaml',
    JSON.stringify({
      listen: '127.0.0.1:0',
      admin: { listen: 'off' },
      upstream: { url: 'https://127.0.0.1:1' },
      audit: { file: 'audit.jsonl', ...audit },
      teams: { demo: { jobs: ['demo'], credentials: [token] } },
    }),
  );
}

/** Everything that tells whether a name was touched. */
async function look(path: string): Promise<readonly unknown[]> {
  const { ino, mode, size, rdev, mtimeMs } = await lstat(path);
  return [ino, mode, size, rdev, mtimeMs];
}

for (const [kind, make] of Object.entries(KINDS)) {
  for (const name of NAMES) {
    test(`a ${kind} at ${name} is an error of check and of serve, and stays`, async () => {
      await using scratch = await createScratch();
      const path = join(scratch.path, name);
      await make(path, scratch);
      const config = await writeConfig(scratch);
      const before = await look(path);
      const names = await readdir(scratch.path);

      const checked = await loadConfig(config, { now: 0 });
      assert.equal(checked.ok, false);
      const [problem] = checked.ok ? [] : checked.problems;
      assert.equal(problem?.path, 'audit.file');
      assert.match(problem?.message ?? '', new RegExp(`^${path} is a ${kind}: only a regular`));

      const settings = { file: join(scratch.path, 'audit.jsonl'), sync: 'batch' } as const;
      await assert.rejects(
        openAuditLog(
          { ...settings, onFailure: 'deny', rotateBytes: 1024, keep: 1 },
          {
            clock: { now: Date.now, monotonic: Date.now },
            log: { info() {}, warn() {}, error() {} },
          },
        ),
        { code: 'ERR_AUDIT_BROKEN', message: new RegExp(`^${path} is a ${kind}: only a regular`) },
      );
      assert.deepEqual(await look(path), before);
      assert.deepEqual(await readdir(scratch.path), names);
    });
  }
}

test('check and serve both end with an error and leave it alone', async () => {
  await using scratch = await createScratch();
  const path = join(scratch.path, 'audit.jsonl');
  await KINDS['FIFO']?.(path, scratch);
  const config = await writeConfig(scratch);
  const before = await look(path);
  const checked = await runCli(['check', '--config', config]);
  assert.equal(checked.status, 3);
  const served = await runCli(['serve', '--config', config]);
  assert.equal(served.status, 1);
  for (const { stdout } of [checked, served]) assert.match(stdout, /audit\.file: .* is a FIFO/);
  assert.deepEqual(await look(path), before);
});

test('what is put there while the gateway runs is not touched, and the log goes on once it is gone', async () => {
  await using scratch = await createScratch();
  const file = join(scratch.path, 'audit.jsonl');
  const target = await scratch.write('precious', 'not the log');
  const log = { info() {}, warn() {}, error() {} };
  const audit = await openAuditLog(
    { file, sync: 'batch', onFailure: 'deny', rotateBytes: 1024 * 1024, keep: 1 },
    { clock: { now: Date.now, monotonic: () => performance.now() }, log, timing: { retryMs: 20 } },
  );
  await audit.append(decision('a'));
  for (const put of [() => symlink(target, file), () => mkdir(file)]) {
    await rename(file, `${file}.away`);
    await put();
    const before = await look(file);
    await assert.rejects(audit.append(decision('b')), { code: 'ERR_AUDIT_UNAVAILABLE' });
    await assert.rejects(audit.append(decision('c')), { code: 'ERR_AUDIT_UNAVAILABLE' });
    assert.deepEqual(await look(file), before);
    await rename(file, join(scratch.path, `put-${Math.random()}`));
    await eventually('the log is written again', () =>
      audit.append(decision('d')).then(
        () => true,
        () => undefined,
      ),
    );
  }
  await audit.close();
});

test('a key that is a FIFO or a device is an error, not a wait without an end', async () => {
  await using scratch = await createScratch();
  const key = join(scratch.path, 'audit.key');
  for (const kind of ['FIFO', 'device']) {
    await KINDS[kind]?.(key, scratch);
    const config = await writeConfig(scratch, { sign_key: { file: 'audit.key' } });
    const { status, stdout } = await runCli(['check', '--config', config]);
    assert.equal(status, 3);
    assert.match(stdout, new RegExp(`audit.sign_key.file: ${key} is a ${kind}`));
    const verified = await runCli(['audit', 'verify', '--key', key, config]);
    assert.equal(verified.status, 1);
    await rm(key);
  }
});

test('an existing log of mode 0644 is a warning, and is mended by the start', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('audit.jsonl', '');
  const closed = await scratch.write('audit.jsonl.000000000001', '');
  await chmod(file, 0o644);
  await chmod(closed, 0o666);
  const config = await writeConfig(scratch);
  const { status, stdout } = await runCli(['check', '--config', config]);
  assert.equal(status, 0);
  assert.match(stdout, /audit\.jsonl has mode 0644: others have rights to it/);
  assert.match(stdout, /audit\.jsonl\.000000000001 has mode 0666/);
  const warnings: object[] = [];
  const audit = await openAuditLog(
    { file, sync: 'batch', onFailure: 'deny', rotateBytes: 1024, keep: 1 },
    {
      clock: { now: Date.now, monotonic: Date.now },
      log: { info() {}, warn: (_, fields) => warnings.push(fields ?? {}), error() {} },
    },
  );
  await audit.close();
  assert.deepEqual(warnings, [
    { file, isMended: true },
    { file: closed, isMended: true },
  ]);
  for (const path of [file, closed]) assert.equal((await lstat(path)).mode & 0o777, 0o600);
});

test('a key or an htpasswd file that others can write is a warning', async () => {
  await using scratch = await createScratch();
  const key = await scratch.write('audit.key', generateSigningKey().privateKey);
  const users = await scratch.write('users', `anna:$2y$10$${'a'.repeat(53)}\n`);
  for (const path of [key, users]) await chmod(path, 0o666);
  const config = await writeConfig(
    scratch,
    { sign_key: { file: 'audit.key' } },
    { type: 'htpasswd', name: 'old', file: 'users', sha256: undefined },
  );
  const { status, stdout } = await runCli(['check', '--config', config]);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /audit\.key has mode 0666: others can write it/);
  assert.match(stdout, /audit\.key has mode 0666: everybody can sign with it/);
  assert.match(stdout, /users has mode 0666: others can write it/);
});
