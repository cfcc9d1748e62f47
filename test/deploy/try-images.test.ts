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
  const gateways = ['pushwarden', 'pushwarden-2', 'pushwarden-3'];
  assert.deepEqual(Object.keys(podman.services).sort(), [...gateways, ...standIns].sort());
  const started = [...script.matchAll(/^(?:compose|several) up --detach --no-build (.+)$/gm)];
  const names = new Set(started.flatMap(([, given = '']) => given.split(' ')));
  assert.deepEqual([...names].sort(), Object.keys(podman.services).sort());
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
  const stored = (name: string): string => podman.services[name].networks.store.ipv4_address;
  const [pushgateway, valkey] = [stored('pushgateway'), stored('valkey')];
  const admins: string[] = [];
  for (const name of ['pushwarden', 'pushwarden-2', 'pushwarden-3']) {
    const { extra_hosts } = podman.services[name];
    assert.deepEqual(extra_hosts, [`pushgateway:${pushgateway}`, `valkey:${valkey}`]);
    admins.push(`${usual.services[name].networks.observe.ipv4_address}:9095`);
  }
  for (const address of [...admins, `${pushgateway}:9091`, `${valkey}:6379`]) {
    assert.match(script, new RegExp(`^out_of_reach .*${address}`, 'm'));
  }
});
