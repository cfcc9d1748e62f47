import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderProblem } from '../../src/config/engine/problem.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

const FIXTURES = new URL('../fixtures/config/', import.meta.url).pathname;
const NOW = Date.parse('2026-06-01T00:00:00Z');
process.env['TEST_UPSTREAM_PASSWORD'] = 'upstream secret';

/** The lines that a fixture expects, after `#=`; `{here}` is the folder of the fixtures. */
function readExpected(file: string): readonly string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const expected = lines.filter((line) => line.startsWith('#= '));
  return expected.map((line) => `${file}:${line.slice(3).replaceAll('{here}/', FIXTURES)}`);
}

for (const name of readdirSync(FIXTURES).filter((entry) => /\.(?:good|bad)\.yaml$/.test(entry))) {
  test(`loadConfig finds everything in ${name}`, async () => {
    const file = join(FIXTURES, name);
    const result = await loadConfig(file, { now: NOW });
    const problems = result.ok ? result.warnings : result.problems;
    assert.deepEqual(problems.map(renderProblem), readExpected(file));
    assert.equal(result.ok, name.endsWith('.good.yaml'));
  });
}

test('loadConfig takes every key that is not reserved', async () => {
  const file = join(FIXTURES, 'every-key.yaml');
  const result = await loadConfig(file, { now: NOW, readsSecrets: false });
  const problems = result.ok ? result.warnings : result.problems;
  assert.deepEqual(problems.map(renderProblem), []);
});

test('loadConfig completes a configuration: units, defaults, paths, secrets', async () => {
  const result = await loadConfig(join(FIXTURES, 'everything.good.yaml'), { now: NOW });
  assert.ok(result.ok);
  const { config } = result;
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 9091 });
  assert.deepEqual(config.upstreams, [
    {
      name: 'default',
      upstream: 'default',
      place: 'upstream',
      pushgateway: { kind: 'running', url: 'http://127.0.0.1:9092/pg' },
      timeoutMs: 5000,
      connections: 8,
      basicAuth: { username: 'gw', password: 'upstream secret' },
    },
  ]);
  assert.deepEqual(config.allowNetworks, ['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
  assert.deepEqual(config.denyNetworks, ['192.0.2.0/24']);
  assert.equal(config.server.bytesInFlight, 256 * 1024 ** 2);
  assert.deepEqual(config.audit, {
    file: join(FIXTURES, '../audit.jsonl'),
    sync: 'none',
    onFailure: 'continue',
    rotateBytes: 1024 ** 2,
    keep: 3,
    reads: 'all',
    unknown: {
      file: join(FIXTURES, '../audit.unknown.jsonl'),
      rotateBytes: 10 * 1024 ** 2,
      keep: 5,
    },
  });
  assert.match(config.hash, /^sha256:[0-9a-f]{64}$/);
});

test('loadConfig merges defaults into a team key by key, its denied metrics included', async () => {
  const result = await loadConfig(join(FIXTURES, 'everything.good.yaml'), { now: NOW });
  assert.ok(result.ok);
  const [team] = result.config.teams;
  assert.deepEqual(team?.limits, {
    body: 2 * 1024 ** 2,
    decoded: 8 * 1024 ** 2,
    ratio: 200,
    series: 20_000,
    labels: 32,
    name: 256,
    labelValue: 1024,
    rate: { count: 600, perMs: 60_000 },
    burst: 100,
    concurrent: 32,
    waitMs: 10_000,
    groups: 500,
    totalSeries: 100_000,
    totalBytes: 64 * 1024 * 1024,
  });
  assert.deepEqual(team?.metrics, {
    allow: ['payments_*'],
    deny: ['payments_internal_*'],
    own: ['payments_*'],
  });
  assert.deepEqual(team?.allow, ['push', 'delete', 'read']);
  assert.deepEqual(team?.allowNetworks, ['10.0.0.0/8', 'fd00::/8']);
  assert.deepEqual(team?.credentials[1], {
    type: 'token',
    name: 'nightly',
    sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
    expires: Date.parse('2099-01-01T00:00:00Z'),
  });
});

test('loadConfig freezes what it returns, to the last list', async () => {
  const result = await loadConfig(join(FIXTURES, 'everything.good.yaml'), { now: NOW });
  assert.ok(result.ok);
  assert.ok(Object.isFrozen(result.config.teams[0]?.limits.rate));
  assert.throws(() => Object.assign(result.config.teams, { 0: undefined }), TypeError);
});

test('loadConfig calls a file that is not there a problem', async () => {
  const result = await loadConfig('nowhere.yaml', { now: NOW });
  assert.ok(!result.ok);
  assert.deepEqual(result.problems.map(renderProblem), [
    'nowhere.yaml:1:1: cannot read the file: no such file',
  ]);
});

const SECRET_CONFIG = `
upstream:
  url: http://127.0.0.1:9092
  basic_auth: { username: gw, password: { file: gw.secret } }
teams: { a: { jobs: [a] } }
`;

test('loadConfig reads a secret beside the configuration, without its line end', async () => {
  await using scratch = await createScratch();
  const file = join(scratch.path, 'pushwarden.yaml');
  await writeFile(file, SECRET_CONFIG);
  await writeFile(join(scratch.path, 'gw.secret'), 's3cret\n');
  const result = await loadConfig(file, { now: NOW });
  assert.ok(result.ok);
  assert.equal(result.config.upstreams[0]?.basicAuth?.password, 's3cret');
});

test('loadConfig names the place of a secret that cannot be read, unless told to leave it', async () => {
  await using scratch = await createScratch();
  const file = join(scratch.path, 'pushwarden.yaml');
  await writeFile(file, SECRET_CONFIG);
  const result = await loadConfig(file, { now: NOW });
  assert.ok(!result.ok);
  const place = join(scratch.path, 'gw.secret');
  assert.equal(
    result.problems.map(renderProblem)[0],
    `${file}:4:41: upstream.basic_auth.password: cannot read ${place}: no such file`,
  );
  assert.ok((await loadConfig(file, { now: NOW, readsSecrets: false })).ok);
});

test('loadConfig refuses an alias bomb', async () => {
  await using scratch = await createScratch();
  const file = join(scratch.path, 'pushwarden.yaml');
  const layers = Array.from({ length: 9 }, (_, index) => {
    const aliases = Array.from({ length: 9 }, () => `*l${index}`);
    return `l${index + 1}: &l${index + 1} [${aliases.join(', ')}]`;
  });
  await writeFile(file, ['l0: &l0 [x, x]', ...layers].join('\n'));
  const result = await loadConfig(file, { now: NOW });
  assert.ok(!result.ok);
  assert.match(result.problems[0]?.message ?? '', /alias/i);
});

test('loadConfig refuses a file that is not UTF-8', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', Uint8Array.of(0x61, 0x3a, 0x20, 0xff));
  const result = await loadConfig(file, { now: NOW });
  assert.ok(!result.ok);
  assert.deepEqual(result.problems.map(renderProblem), [`${file}:1:1: the file is not UTF-8`]);
});

test('the hash of a configuration is that of the file, to the last byte', async () => {
  await using scratch = await createScratch();
  const text = `\ufeff${readFileSync(join(FIXTURES, 'overlaps.good.yaml'), 'utf8')}`;
  const file = await scratch.write('pushwarden.yaml', text);
  const result = await loadConfig(file, { now: NOW });
  assert.ok(result.ok);
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  assert.equal(result.config.hash, `sha256:${digest}`);
});

const DEEP = [
  ['a block', Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ['a flow', `spool: ${'{ a: '.repeat(3000)}1${' }'.repeat(3000)}\n`],
] as const;
for (const [what, text] of DEEP) {
  test(`loadConfig calls maps that are too deep in ${what} a problem`, async () => {
    await using scratch = await createScratch();
    const result = await loadConfig(await scratch.write('pushwarden.yaml', text), { now: NOW });
    assert.ok(!result.ok);
    assert.deepEqual(
      result.problems.map(({ message }) => message),
      ['nested too deep'],
    );
  });
}

test('loadConfig finds any number of unknown keys in a time that grows with their number', async () => {
  await using scratch = await createScratch();
  const load = async (count: number): Promise<number> => {
    const teams = Array.from(
      { length: count },
      (_, at) => `  t${at}: { jobs: [a${at}], jbos: 1 }\n`,
    );
    const keys = Array.from({ length: count }, (_, at) => `key${at}: 1\n`);
    const text = `upstream: { url: "http://127.0.0.1:9092" }\n${keys.join('')}teams:\n${teams.join('')}`;
    const file = await scratch.write('pushwarden.yaml', text);
    const begin = process.cpuUsage();
    const result = await loadConfig(file, { now: NOW });
    assert.ok(!result.ok && result.problems.length >= 2 * count);
    return process.cpuUsage(begin).user;
  };
  await load(100);
  const [few, many] = [await load(1000), await load(8000)];
  assert.ok(many < 24 * few, `8 times as many took ${many / few} times as long`);
});
