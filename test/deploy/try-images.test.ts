import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { findProgram, missingPrograms } from '../support/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = 'deploy/try-images/';
const FILES = ['--file=docker-compose.yml', `--file=${FOLDER}compose.podman.yml`];

const read = (path: string): string => readFileSync(ROOT + path, 'utf8');
const usual = parse(read('docker-compose.yml'));
const podman = parse(read(`${FOLDER}compose.podman.yml`), { merge: true });
const script = read(`${FOLDER}run-services.sh`);

/** The services whose image is made of a program from Debian. */
const standIns = [
  ...read(`${FOLDER}stand-ins.Containerfile`).matchAll(/^FROM \S+ AS (\S+)$/gm),
].map(([, name]) => name ?? '');

test('what podman needs is for the services that are tried', () => {
  assert.deepEqual(Object.keys(podman.services).sort(), ['pushwarden', ...standIns].sort());
  const started = [...script.matchAll(/^compose up --detach --no-build (.+)$/gm)];
  assert.deepEqual(
    started.flatMap(([, names]) => names?.split(' ')).sort(),
    Object.keys(podman.services).sort(),
  );
});

test('each stand-in is for an image of a registry', () => {
  for (const name of standIns) assert.match(usual.services[name]?.image, /:v?\d/, name);
});

test('Docker Compose takes both files, and no service is added', {
  skip: missingPrograms(['compose-2']),
}, () => {
  const args = [...FILES, '--profile=*', 'config', '--services'];
  const { stdout, stderr } = spawnSync(findProgram('compose-2') ?? '', args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  assert.deepEqual(stdout.trim().split('\n').sort(), Object.keys(usual.services).sort(), stderr);
});

test('nothing is weakened for podman', () => {
  const held = ['read_only', 'cap_drop', 'security_opt', 'user', 'privileged', 'ports', 'init'];
  for (const [name, service] of Object.entries(podman.services)) {
    for (const key of held) assert.equal(Object(service)[key], undefined, `${name}: ${key}`);
  }
  assert.equal(podman.networks.store.internal, undefined);
});

test('the addresses that must not answer the job are those of the services', () => {
  const pushgateway = podman.services.pushgateway.networks.store.ipv4_address;
  assert.deepEqual(podman.services.pushwarden.extra_hosts, [`pushgateway:${pushgateway}`]);
  const admin = usual.services.pushwarden.networks.observe.ipv4_address;
  for (const address of [`${admin}:9095`, `${pushgateway}:9091`]) {
    assert.ok(script.includes(` ${address}`), address);
  }
});
