import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hashSync } from '@node-rs/bcrypt';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { listeningOn, startListeningProcess } from '../support/listening-process.ts';
import { oneTeam } from '../support/one-team.ts';
import { pushgatewayMissing } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = `${ROOT}deploy/systemd/`;
const UNITS = ['pushwarden', 'pushwarden@', 'pushgateway-private', 'valkey-private'] as const;

/** Every value of each key of a unit file, sections aside. */
function readUnit(name: string): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(`${FOLDER}${name}.service`, 'utf8').split('\n');
  const pairs = lines.flatMap((line) => [...line.matchAll(/^([A-Za-z]+)=(.*)$/g)]);
  const grouped = Map.groupBy(pairs, ([, key = '']) => key);
  return new Map([...grouped].map(([key, found]) => [key, found.map(([, , value = '']) => value)]));
}

const gateway = readUnit('pushwarden');
const pushgateway = readUnit('pushgateway-private');

function commandOf(unit: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return unit.get('ExecStart')?.[0]?.split(' ') ?? [];
}

const SANDBOX = {
  CapabilityBoundingSet: [''],
  NoNewPrivileges: ['yes'],
  PrivateDevices: ['yes'],
  PrivateTmp: ['yes'],
  ProtectHome: ['yes'],
  ProtectSystem: ['strict'],
  StateDirectoryMode: ['0700'],
  UMask: ['0077'],
} as const;
for (const name of UNITS) {
  const keepsFiles = readUnit(name).has('StateDirectory');
  for (const [key, values] of Object.entries(SANDBOX)) {
    if (key === 'StateDirectoryMode' && !keepsFiles) continue;
    test(`${name}.service has ${key}=${values.join(' and ')}`, () => {
      assert.deepEqual(readUnit(name).get(key), values);
    });
  }
}

test('neither may call what it does not need; the gateway may lower a priority of its own', () => {
  const filter = ['@system-service', '~@privileged @resources'];
  assert.deepEqual(pushgateway.get('SystemCallFilter'), filter);
  assert.deepEqual(gateway.get('SystemCallFilter'), [...filter, 'setpriority']);
});

const analyses = spawnSync('systemd-analyze', ['--version']).error;
for (const name of UNITS) {
  const skip = analyses ? 'systemd-analyze is not here' : false;
  test(`systemd finds ${name}.service little exposed`, { skip }, () => {
    const args = ['security', '--offline=true', '--threshold=15', `${FOLDER}${name}.service`];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
}

test('the gateway is started with a command that there is, and has time to stop', () => {
  const [node, young, main, name, ...args] = commandOf(gateway);
  assert.equal(young, '--max-semi-space-size=32');
  assert.deepEqual(gateway.get('Environment'), ['MALLOC_ARENA_MAX=2']);
  assert.deepEqual(
    [node, main].map((path) => path?.replace('/opt/pushwarden/', '')),
    ['node_modules/.bin/node', 'node_modules/pushwarden/dist/main.js'],
  );
  const serve = createProgram().commands.find((one) => one.name() === name);
  const known = serve?.options.map(({ long }) => long) ?? [];
  assert.ok(args.filter((arg) => arg.startsWith('--')).every((arg) => known.includes(arg)));
  assert.ok(Number(gateway.get('TimeoutStopSec')?.[0]) > 30 + 10);
});

test('the secrets of the configuration are credentials of the unit', async () => {
  const config = parse(await readFile(`${FOLDER}pushwarden.yaml`, 'utf8'));
  const files = [config.upstream.basic_auth.password.file, config.audit.sign_key.file];
  const names = gateway.get('LoadCredential')?.map((value) => value.split(':')[0]);
  assert.deepEqual(
    names,
    files.map((file: string) => file.replace('/run/credentials/pushwarden.service/', '')),
  );
  assert.equal(dirname(config.audit.file), `/var/lib/${gateway.get('StateDirectory')?.[0]}`);
});

test('the Pushgateway listens where the gateway looks for it, on loopback', async () => {
  const config = parse(await readFile(`${FOLDER}pushwarden.yaml`, 'utf8'));
  const address = new URL(config.upstream.url).host;
  assert.ok(commandOf(pushgateway).includes(`--web.listen-address=${address}`));
  assert.match(address, /^127\.0\.0\.1:/);
  assert.equal(
    commandOf(pushgateway).some((flag) => flag.includes('enable-')),
    false,
  );
});

test('the template is the unit of one gateway, with an instance in its paths', () => {
  const text = (name: string) => readFileSync(`${FOLDER}${name}.service`, 'utf8');
  const instance = text('pushwarden@')
    .replace('pushwarden %i, one of several', 'pushwarden,')
    .replace('authenticating gateways', 'authenticating gateway')
    .replaceAll(' valkey-private.service', '')
    .replace(/^# One configuration .*\n# .*\n/m, '')
    .replaceAll('several.yaml --instance %i', 'pushwarden.yaml')
    .replaceAll('127.0.0.1:909%i', '127.0.0.1:9095')
    .replace(/^LoadCredential=valkey.*\n/m, '')
    .replaceAll('pushwarden@%i', 'pushwarden');
  assert.equal(instance, text('pushwarden'));
});

test('several have one configuration, which fits the template and names what it shares', async () => {
  const file = `${FOLDER}several.yaml`;
  const [five, six] = await Promise.all(
    ['5', '6'].map((instance) => loadConfig(file, { now: 0, readsSecrets: false, instance })),
  );
  assert.ok(five?.ok && six?.ok);
  assert.deepEqual([five.config.admin?.port, six.config.admin?.port], [9095, 9096]);
  assert.deepEqual(
    [five.config.audit.file, six.config.audit.file],
    ['/var/lib/pushwarden/audit-5.jsonl', '/var/lib/pushwarden/audit-6.jsonl'],
  );
  const config = parse(await readFile(file, 'utf8'));
  assert.equal(config.server.reuse_port, true);
  const files = [
    config.upstream.basic_auth.password.file,
    config.audit.sign_key.file,
    config.state.password.file,
  ];
  const names = readUnit('pushwarden@')
    .get('LoadCredential')
    ?.map((value) => `/run/credentials/pushwarden@%i.service/${value.split(':')[0]}`);
  assert.deepEqual(names, files);
  const { teams, upstream } = parse(await readFile(`${FOLDER}pushwarden.yaml`, 'utf8'));
  assert.deepEqual([config.teams, config.upstream.url], [teams, upstream.url]);
  const valkey = commandOf(readUnit('valkey-private'));
  const { port } = new URL(config.state.url);
  const flags = ['--bind 127.0.0.1', `--port ${port}`, '--maxmemory-policy noeviction'];
  for (const flag of flags) assert.ok(valkey.join(' ').includes(` ${flag}`), flag);
});

/** Runs a command line of the unit where `admin` is the admin side. */
function runLine(key: string, admin: string, file: string) {
  const [command = '', ...args] = (gateway.get(key)?.[0] ?? '')
    .replace('http://127.0.0.1:9095', admin)
    .replace('/opt/pushwarden/node_modules/.bin/node', process.execPath)
    .replace('/opt/pushwarden/node_modules/pushwarden/dist/main.js', `${ROOT}src/main.ts`)
    .replace('/etc/pushwarden/pushwarden.yaml', file)
    .split(' ');
  return promisify(execFile)(command, args);
}

const curlSkip = existsSync('/usr/bin/curl') ? false : 'curl is not here';
test('a start waits until requests are taken; a check or a reload with problems fails', {
  skip: curlSkip,
}, async () => {
  await using process_ = await startGatewayProcess(oneTeam({ url: 'http://127.0.0.1:9' }));
  const { adminUrl, configFile } = process_;
  await runLine('ExecStartPre', adminUrl, configFile);
  await runLine('ExecStartPost', adminUrl, configFile);
  assert.match((await runLine('ExecReload', adminUrl, configFile)).stdout, /^reloaded$/m);
  const text = await readFile(configFile, 'utf8');
  await writeFile(configFile, text.replace('"teams"', '"taems"'));
  await assert.rejects(
    runLine('ExecReload', adminUrl, configFile),
    ({ code, stdout }: { code: number; stdout: string }) => code === 22 && stdout.includes('taems'),
  );
  await assert.rejects(
    runLine('ExecStartPre', adminUrl, configFile),
    ({ code }: { code: number }) => code === 3,
  );
});

const skip = pushgatewayMissing('1.5');
test('both commands run as the units have them, and only who is let in gets through', {
  skip,
}, async () => {
  await using scratch = await createScratch();
  await mkdir(`${scratch.path}/state`);
  const password = 'between the two';
  const web = { basic_auth_users: { gateway: hashSync(password, { cost: 4 }) } };
  await scratch.write('web.yml', JSON.stringify(web));
  await scratch.write('upstream.secret', `${password}\n`);
  const [program = '', ...flags] = commandOf(pushgateway);
  await using upstream = await startListeningProcess({
    command: program,
    args: [
      ...flags.map((flag) =>
        flag
          .replace('127.0.0.1:9092', '127.0.0.1:0')
          .replace('$' + '{CREDENTIALS_DIRECTORY}', scratch.path)
          .replace('$' + '{STATE_DIRECTORY}', `${scratch.path}/state`),
      ),
      '--log.format=json',
    ],
    ready: listeningOn,
  });
  const keygen = ['audit', 'keygen', '--out', `${scratch.path}/audit.key`];
  const main = `${ROOT}src/main.ts`;
  assert.equal(spawnSync(process.execPath, [main, ...keygen]).status, 0);
  const config = (await readFile(`${FOLDER}pushwarden.yaml`, 'utf8'))
    .replaceAll('/run/credentials/pushwarden.service', scratch.path)
    .replace('/var/lib/pushwarden', `${scratch.path}/state`)
    .replace('127.0.0.1:9092', upstream.ready)
    .replace(/127\.0\.0\.1:909[15]/g, '127.0.0.1:0');
  const file = await scratch.write('pushwarden.yaml', config);
  await using process_ = await startListeningProcess({
    command: process.execPath,
    args: commandOf(gateway)
      .slice(1)
      .map((arg) =>
        arg
          .replace('/opt/pushwarden/node_modules/pushwarden/dist/main.js', main)
          .replace(/^\/etc\/.*\.yaml$/, file),
      ),
    ready: ({ msg, listen }) => (msg === 'ready' ? String(listen) : undefined),
  });
  const push = (url: string) =>
    fetch(`${url}/metrics/job/nightly_a`, {
      method: 'PUT',
      headers: { authorization: 'Bearer pushwarden-example-nightly' },
      body: 'rows 1\n',
    });
  assert.equal((await push(process_.ready)).status, 202);
  assert.equal((await push(`http://${upstream.ready}`)).status, 401);
  assert.deepEqual(await process_.stop('SIGTERM'), { code: 0, signal: null });
});
