import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { listeningOn, startListeningProcess } from '../support/listening-process.ts';
import { findProgram } from '../support/program.ts';
import { createScratch } from '../support/scratch.ts';

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMPOSE = `${ROOT}deploy/compose/`;

/** The networks of docker-compose.yml: addresses of the services by network. */
const NETWORKS = {
  front: { pushwarden: '10.91.1.1', job: '10.91.1.2' },
  store: { pushwarden: '10.91.2.1', pushgateway: '10.91.2.2' },
  observe: { pushwarden: '172.31.95.11', prometheus: '172.31.95.3' },
} as const;
const { front: FRONT, store: STORE, observe: OBSERVE } = NETWORKS;

/**
 * One network namespace for each service, a bridge for each network. Whatever is for elsewhere goes
 * to the gateway, which is in both networks and passes no packet on.
 */
function createTopology() {
  const id = `pw${process.pid}`;
  const services = ['pushwarden', 'pushgateway', 'prometheus', 'job'] as const;
  const networks = Object.entries(NETWORKS);
  const names = [...Object.keys(NETWORKS), ...services];
  const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: 'pipe' });
  const name = (service: string) => `${id}-${service}`;
  const within = (service: string, ...args: readonly string[]) => ip('-n', name(service), ...args);
  const plug = (network: string, service: string, address: string): void => {
    const end = `${network}0`;
    within(
      network,
      'link',
      'add',
      service,
      'type',
      'veth',
      'peer',
      'name',
      end,
      'netns',
      name(service),
    );
    within(network, 'link', 'set', service, 'master', 'bridge', 'up');
    within(service, 'addr', 'add', `${address}/24`, 'dev', end);
    within(service, 'link', 'set', end, 'up');
  };
  const remove = (): void => {
    for (const service of names) spawnSync('ip', ['netns', 'del', name(service)]);
  };
  try {
    for (const service of names) {
      ip('netns', 'add', name(service));
      within(service, 'link', 'set', 'lo', 'up');
    }
    for (const [network, addresses] of networks) {
      within(network, 'link', 'add', 'bridge', 'type', 'bridge');
      within(network, 'link', 'set', 'bridge', 'up');
      for (const [service, address] of Object.entries(addresses)) plug(network, service, address);
    }
    const routes = { job: FRONT, prometheus: OBSERVE, pushgateway: STORE };
    for (const [service, { pushwarden }] of Object.entries(routes)) {
      within(service, 'route', 'add', 'default', 'via', pushwarden);
    }
    const forward = 'echo 0 >/proc/sys/net/ipv4/ip_forward';
    ip('netns', 'exec', name('pushwarden'), '/bin/sh', '-c', forward);
  } catch (error) {
    remove();
    throw error;
  }
  /** The command line that runs a program where a service is. */
  const command = (service: string, ...words: readonly string[]) => ({
    command: 'ip',
    args: ['netns', 'exec', name(service), ...words],
  });
  return { command, [Symbol.dispose]: remove };
}

/** Why the test cannot run here; false when it can. */
function missing(): string | false {
  for (const program of ['pushgateway-1.5', 'prometheus-2'] as const) {
    if (findProgram(program) === undefined) return `${program} is not here: "npm test" fetches it`;
  }
  const probe = `pw${process.pid}-probe`;
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) return 'network namespaces need root';
  const { status } = spawnSync('ip', ['netns', 'exec', probe, 'true']);
  spawnSync('ip', ['netns', 'del', probe]);
  return status === 0 ? false : 'network namespaces cannot be entered here, as in a chroot';
}

const skip = missing();

test('in the networks of docker-compose.yml the Pushgateway is reached through the gateway only', {
  skip,
}, async () => {
  await using scratch = await createScratch();
  using topology = createTopology();
  execFileSync('/bin/sh', [`${COMPOSE}make-secrets.sh`, `${scratch.path}/secrets`]);

  await using _pushgateway = await startListeningProcess({
    ...topology.command(
      'pushgateway',
      findProgram('pushgateway-1.5') ?? '',
      `--persistence.file=${scratch.path}/metrics`,
      '--log.format=json',
    ),
    ready: listeningOn,
  });
  const config = (await readFile(`${scratch.path}/secrets/pushwarden.yaml`, 'utf8'))
    .replace('http://pushgateway:', `http://${STORE.pushgateway}:`)
    .replace('/var/lib/pushwarden', scratch.path);
  const file = await scratch.write('pushwarden.yaml', config);
  await using _gateway = await startListeningProcess({
    ...topology.command(
      'pushwarden',
      process.execPath,
      `${ROOT}src/main.ts`,
      'serve',
      '--config',
      file,
      '--instance',
      '1',
    ),
    ready: ({ msg }) => (msg === 'ready' ? true : undefined),
  });
  await using _prometheus = await startListeningProcess({
    ...topology.command(
      'prometheus',
      findProgram('prometheus-2') ?? '',
      `--config.file=${await scratch.write('prometheus.yml', renderPrometheus(scratch.path))}`,
      `--storage.tsdb.path=${scratch.path}/data`,
      '--web.listen-address=127.0.0.1:9090',
      '--log.format=json',
    ),
    ready: listeningOn,
  });

  const curl = async (service: string, ...args: readonly string[]): Promise<string> => {
    const { command, args: words } = topology.command(
      service,
      'curl',
      '--silent',
      '--max-time',
      '3',
      ...args,
    );
    return (await run(command, words)).stdout;
  };
  const header = `@${scratch.path}/secrets/sample-job.header`;
  const body = 'sample_job_last_success_timestamp_seconds 42\n';
  const push = ['--header', header, '--data-binary', body, '--write-out', '%{http_code}'];
  const path = '/metrics/job/sample_job/instance/host1';
  assert.equal(await curl('job', ...push, `http://${FRONT.pushwarden}:9091${path}`), '200');

  const forbidden = [
    ['job', `${STORE.pushgateway}:9091`],
    ['prometheus', `${STORE.pushgateway}:9091`],
    ['job', `${FRONT.pushwarden}:9095`],
    ['pushgateway', `${STORE.pushwarden}:9095`],
  ] as const;
  for (const [service, address] of forbidden) {
    // 7: cannot connect; 28: no answer in time.
    await assert.rejects(
      curl(service, `http://${address}/metrics`),
      (error: { code: number }) => [7, 28].includes(error.code),
      `${service} gets to ${address}`,
    );
  }

  const series = await eventually('the pushed series in Prometheus', async () => {
    const query = 'query?query=sample_job_last_success_timestamp_seconds';
    const answer = JSON.parse(await curl('prometheus', `http://127.0.0.1:9090/api/v1/${query}`));
    return answer.data?.result[0];
  });
  assert.deepEqual(series.metric, {
    __name__: 'sample_job_last_success_timestamp_seconds',
    instance: 'host1',
    job: 'sample_job',
  });
  assert.equal(series.value[1], '42');
});

/** The one of the folder, with addresses for names and no patience. */
function renderPrometheus(folder: string): string {
  return readFileSync(`${COMPOSE}prometheus.yml`, 'utf8')
    .replaceAll('pushwarden-admin:', `${OBSERVE.pushwarden}:`)
    .replace('rules.yml', `${ROOT}deploy/prometheus/rules.yml`)
    .replace('/run/secrets/prometheus_token', `${folder}/secrets/prometheus.token`)
    .replace('scrape_interval: 15s', 'scrape_interval: 1s');
}
