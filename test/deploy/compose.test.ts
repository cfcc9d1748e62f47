import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { DASHBOARDS } from '../../deploy/grafana/source/dashboards.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startGateway } from '../support/gateway.ts';
import { findProgram, missingPrograms } from '../support/program.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { tokenCredential } from '../support/test-credential.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMPOSE = `${ROOT}deploy/compose/`;

interface Mount {
  readonly source: string;
  readonly target: string;
}

interface Service {
  readonly build?: string;
  readonly image?: string;
  readonly ports?: readonly string[];
  readonly networks: readonly string[] | Readonly<Record<string, { ipv4_address?: string }>>;
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly Mount[];
  readonly secrets?: readonly string[];
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const compose = parse(readFileSync(`${ROOT}docker-compose.yml`, 'utf8'), {
  merge: true,
}) as ComposeFile; // held to its shape by the tests
const services = Object.entries(compose.services);

function networksOf({ networks }: Service): readonly string[] {
  return Array.isArray(networks) ? networks : Object.keys(networks);
}

const GATEWAYS = ['pushwarden', 'pushwarden-2', 'pushwarden-3'];

function membersOf(network: string): readonly string[] {
  return services.filter(([, one]) => networksOf(one).includes(network)).map(([name]) => name);
}

function makeSecrets(folder: string): void {
  execFileSync('/bin/sh', [`${COMPOSE}make-secrets.sh`, folder], { stdio: 'pipe' });
}

/** What `docker compose --env-file deploy/compose/several.env` is told. */
const SEVERAL = Object.fromEntries(
  readFileSync(`${COMPOSE}several.env`, 'utf8')
    .split('\n')
    .filter((line) => line.includes('=') && !line.startsWith('#'))
    .map((line) => line.split('=', 2)),
);

/** A text of the file with what it is told, or what it takes without being told. */
function fill(text: string, told: Readonly<Record<string, string>> = {}): string {
  return text.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name, usual) => told[name] ?? usual);
}

/** Services that are published to other machines. */
function publishedTo(others: Readonly<Record<string, string>>): readonly string[] {
  const profile = others['COMPOSE_PROFILES'] ?? '';
  return services
    .filter(([, { profiles }]) => profiles === undefined || profiles.includes(profile))
    .filter(([, { ports = [] }]) =>
      ports.some((port) => !fill(port, others).startsWith('127.0.0.1:')),
    )
    .map(([name]) => name);
}

test('only the gateway is published to other machines, or the balancer before several', () => {
  assert.deepEqual(publishedTo({}), ['pushwarden']);
  assert.deepEqual(publishedTo(SEVERAL), ['balancer']);
});

test('Docker Compose takes the file, with every profile', {
  skip: missingPrograms(['compose-2']),
}, () => {
  const profiles = ['alerts', 'long-term', 'several'].map((name) => `--profile=${name}`);
  const args = [...profiles, 'config', '--services'];
  const { stdout, stderr } = spawnSync(findProgram('compose-2') ?? '', args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.deepEqual(stdout.trim().split('\n').sort(), Object.keys(compose.services).sort(), stderr);
});

test('nobody is given the address that the gateway has where Prometheus is', () => {
  const addresses = membersOf('observe').map((name) => {
    const networks = compose.services[name]?.networks;
    return Array.isArray(networks) ? undefined : Object(networks).observe.ipv4_address;
  });
  assert.ok(addresses.length > 2);
  assert.ok(
    addresses.every((address) => /^172\.31\.95\.\d+$/.test(address)),
    String(addresses),
  );
  assert.equal(new Set(addresses).size, addresses.length);
});

test('the Pushgateway is on one network, which is internal and shared with the gateway alone', () => {
  assert.deepEqual(compose.services['pushgateway']?.networks, ['store']);
  assert.equal(compose.networks['store']?.internal, true);
  assert.deepEqual(membersOf('store'), [...GATEWAYS, 'valkey', 'pushgateway']);
  assert.equal(compose.services['pushgateway']?.ports, undefined);
});

test('the Pushgateway keeps what was pushed and has no admin API', () => {
  const { command = [], volumes = [] } = compose.services['pushgateway'] ?? {};
  assert.ok(command.some((flag) => flag.startsWith('--persistence.file=/pushgateway/')));
  assert.ok(volumes.some((volume) => volume.endsWith(':/pushgateway')));
  assert.equal(
    command.some((flag) => flag.includes('admin') || flag.includes('lifecycle')),
    false,
  );
});

for (const [name, service] of services) {
  test(`the service ${name} writes to its volumes only and gains no privilege`, () => {
    assert.equal(service.read_only, true);
    assert.deepEqual(service.cap_drop, ['ALL']);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
  });

  test(`the service ${name} is of one version`, () => {
    assert.match(service.build ?? service.image ?? '', /^\.$|:v?\d+\.\d+\.\d+$/);
  });
}

test('what the services name is declared, and what is declared is named', () => {
  const sorted = (names: readonly string[]) => [...new Set(names)].sort();
  const named = {
    networks: services.flatMap(([, service]) => networksOf(service)),
    volumes: services.flatMap(([, { volumes = [] }]) =>
      volumes.map((it) => it.split(':')[0] ?? ''),
    ),
    configs: services.flatMap(([, { configs = [] }]) => configs.map(({ source }) => source)),
    secrets: services.flatMap(([, { secrets = [] }]) => secrets),
  };
  for (const [kind, names] of Object.entries(named)) {
    const declared = compose[kind as keyof typeof named]; // its own keys
    assert.deepEqual(sorted(names), sorted(Object.keys(declared)), kind);
  }
});

test('the files of configs and secrets are there once the secrets are made', async () => {
  await using scratch = await createScratch();
  makeSecrets(`${scratch.path}/secrets`);
  for (const { file } of Object.values({ ...compose.configs, ...compose.secrets })) {
    for (const told of [{}, SEVERAL]) {
      const made = fill(file, told).replace('./deploy/compose/secrets', `${scratch.path}/secrets`);
      assert.ok(existsSync(made.replace('./', ROOT)) || existsSync(made), file);
    }
  }
});

test('the configuration that is made fits the services', async () => {
  await using scratch = await createScratch();
  makeSecrets(`${scratch.path}/secrets`);
  const loaded = await loadConfig(`${scratch.path}/secrets/pushwarden.yaml`, {
    now: 0,
    readsSecrets: false,
    instance: '1',
  });
  assert.ok(loaded.ok);
  const { upstreams, server, admin, listen, teams, audit } = loaded.config;
  assert.deepEqual(upstreams[0]?.pushgateway, { kind: 'running', url: 'http://pushgateway:9091' });
  assert.ok(audit.file.startsWith('/var/lib/pushwarden/'));
  const [grace = 0] = (compose.services['pushwarden']?.stop_grace_period ?? '')
    .split('s')
    .map(Number);
  assert.ok(grace * 1000 > server.drainTimeoutMs + (upstreams[0]?.timeoutMs ?? 0));

  const scrape = parse(await readFile(`${COMPOSE}prometheus.yml`, 'utf8'));
  const targets = scrape.scrape_configs.map(
    (job: { static_configs: [{ targets: readonly string[] }] }) => job.static_configs[0].targets[0],
  );
  assert.deepEqual(targets, [`pushwarden-admin:${listen.port}`, `pushwarden-admin:${admin?.port}`]);
  const { observe } = Object(compose.services['pushwarden']?.networks);
  assert.equal(admin?.host, observe.ipv4_address);
  assert.deepEqual(observe.aliases, ['pushwarden-admin']);
  assert.equal(scrape.scrape_configs[0].honor_labels, true);

  const header = await readFile(`${scratch.path}/secrets/sample-job.header`, 'utf8');
  const token = await readFile(`${scratch.path}/secrets/prometheus.token`, 'utf8');
  const hashes = [header.replace('Authorization: Bearer ', '').trim(), token].map((secret) =>
    createHash('sha256').update(secret).digest('hex'),
  );
  const known = teams
    .flatMap(({ credentials }) => credentials)
    .map((credential) => (credential.type === 'token' ? credential.sha256 : ''));
  assert.deepEqual(known, hashes);
});

test('several gateways share one configuration, and the balancer speaks for their clients', async () => {
  await using scratch = await createScratch();
  makeSecrets(`${scratch.path}/secrets`);
  const file = `${scratch.path}/secrets/${SEVERAL['PUSHWARDEN_CONFIG']}`;
  const balancer = await readFile(`${COMPOSE}nginx.conf`, 'utf8');
  const { scrape_configs } = parse(
    await readFile(`${COMPOSE}${SEVERAL['PROMETHEUS_CONFIG']}`, 'utf8'),
  );
  const [, ownScrape] = scrape_configs;
  for (const [index, name] of GATEWAYS.entries()) {
    const { command = [], networks, secrets } = compose.services[name] ?? assert.fail(name);
    const instance = command.at(-1) ?? '';
    const loaded = await loadConfig(file, { now: 0, readsSecrets: false, instance });
    assert.ok(loaded.ok, name);
    const { admin, audit, state, listen } = loaded.config;
    const address: string = Object(networks).observe.ipv4_address;
    assert.equal(admin?.host, address);
    assert.equal(audit.file, `/var/lib/pushwarden/audit-${index + 1}.jsonl`);
    assert.equal(new URL(state?.url ?? '').hostname, 'valkey');
    assert.deepEqual(secrets, ['valkey_password']);
    assert.ok(balancer.includes(`server ${address}:${listen.port} `));
    assert.ok(ownScrape.static_configs[0].targets.includes(`${address}:${admin?.port}`));
    const speaker = Object(compose.services['balancer']?.networks).observe.ipv4_address;
    assert.ok(
      JSON.stringify(parse(await readFile(file, 'utf8')).trusted_proxies).includes(speaker),
    );
  }
});

const nginxSkip = spawnSync('nginx', ['-v']).error ? 'nginx is not here' : false;
test('nginx takes the configuration of the balancer', { skip: nginxSkip }, async () => {
  await using scratch = await createScratch();
  const text = await readFile(`${COMPOSE}nginx.conf`, 'utf8');
  const path = await scratch.write('nginx.conf', text.replaceAll('/tmp/', `${scratch.path}/`));
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', path], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('Valkey forgets nothing while it runs, and only who knows the password may ask it', async () => {
  const { command = [], networks, ports } = compose.services['valkey'] ?? {};
  const after = (flag: string) => command[command.indexOf(flag) + 1];
  assert.equal(after('--maxmemory-policy'), 'noeviction');
  assert.equal(after('--aclfile'), '/run/secrets/valkey_acl');
  assert.deepEqual([networks, ports], [['store'], undefined]);
  await using scratch = await createScratch();
  makeSecrets(`${scratch.path}/secrets`);
  const acl = await readFile(`${scratch.path}/secrets/valkey.acl`, 'utf8');
  const password = await readFile(`${scratch.path}/secrets/valkey.password`);
  const digest = createHash('sha256').update(password).digest('hex');
  assert.match(acl, new RegExp(`^user default on #${digest} `));
});

test('a job is on no network on which the admin side listens', () => {
  assert.deepEqual(compose.services['sample-job']?.networks, ['front']);
  assert.equal(membersOf('observe').includes('sample-job'), false);
  const { observe } = Object(compose.networks);
  const [{ subnet }] = observe.ipam.config;
  assert.equal(subnet, '172.31.95.0/28');
});

test('Prometheus writes to the long-term store in a file of its own, else alike', async () => {
  const usual = await readFile(`${COMPOSE}prometheus.yml`, 'utf8');
  const { remote_write, ...rest } = parse(
    await readFile(`${COMPOSE}prometheus.long-term.yml`, 'utf8'),
  );
  assert.deepEqual(rest, parse(usual));
  assert.deepEqual(
    remote_write.map(({ url }: { url: string }) => new URL(url).hostname),
    ['victoria-metrics'],
  );
  assert.deepEqual(compose.services['victoria-metrics']?.profiles, ['long-term']);
  assert.deepEqual(compose.services['alertmanager']?.profiles, ['alerts']);
});

test('Grafana finds its data source and every dashboard', async () => {
  const [datasource] = parse(
    await readFile(`${ROOT}deploy/grafana/provisioning/datasource.yml`, 'utf8'),
  ).datasources;
  const { hostname, port } = new URL(datasource.url);
  assert.ok(networksOf(compose.services[hostname] ?? assert.fail()).includes('observe'));
  assert.equal(port, '9090');
  const [provider] = parse(
    await readFile(`${ROOT}deploy/grafana/provisioning/dashboards.yml`, 'utf8'),
  ).providers;
  const mounted = (compose.services['grafana']?.configs ?? [])
    .filter(({ target }) => target.startsWith(`${provider.options.path}/`))
    .map(({ source }) => compose.configs[source]?.file);
  assert.deepEqual(
    mounted,
    Object.keys(DASHBOARDS).map((name) => `./deploy/grafana/${name}.json`),
  );
});

const skip = missingPrograms(['promtool-2']);
for (const file of ['prometheus.yml', 'prometheus.long-term.yml']) {
  test(`promtool finds nothing wrong with ${file}`, { skip }, async () => {
    await using scratch = await createScratch();
    await scratch.write('rules.yml', await readFile(`${ROOT}deploy/prometheus/rules.yml`));
    await scratch.write('token', 'x');
    const text = await readFile(`${COMPOSE}${file}`, 'utf8');
    const copy = text.replace('/run/secrets/prometheus_token', `${scratch.path}/token`);
    const path = await scratch.write('prometheus.yml', copy);
    execFileSync('promtool', ['check', 'config', path], { stdio: 'pipe' });
  });
}

test('secrets that were made are not made again', async () => {
  await using scratch = await createScratch();
  makeSecrets(`${scratch.path}/secrets`);
  assert.throws(() => makeSecrets(`${scratch.path}/secrets`), /is there already/);
});

test('the sample job pushes when it last succeeded', async () => {
  await using scratch = await createScratch();
  await using upstream = await startRecordingUpstream();
  const credential = tokenCredential('sample-job');
  await using gateway = await startGateway({
    upstream: { url: upstream.url },
    teams: { samples: { jobs: ['sample_job'], credentials: [credential.spec] } },
  });
  const header = await scratch.write('header', `Authorization: ${credential.authorization}\n`);
  const job = spawn('/bin/sh', [`${COMPOSE}sample-job.sh`], {
    env: { ...process.env, GATEWAY: gateway.url, HEADER_FILE: header },
    stdio: 'ignore',
    detached: true,
  });
  try {
    const [push] = await upstream.received(1);
    assert.equal(push?.target, '/metrics/job/sample_job');
    assert.match(String(push?.body), /^sample_job_last_success_timestamp_seconds \d{10}$/m);
  } finally {
    process.kill(-(job.pid ?? 0), 'SIGKILL'); // with the sleep that it waits for
  }
});
