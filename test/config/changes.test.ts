import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listChanges, listFixedChanges } from '../../src/config/changes.ts';
import type { GatewayConfig } from '../../src/config/gateway-config.ts';
import type { PushgatewayConfig } from '../../src/config/sections/upstream.ts';
import type { NamedUpstream } from '../../src/config/sections/upstreams.ts';
import { finish } from '../../src/core/steps.ts';
import { teamSpec } from '../support/team-spec.ts';

/** A configuration of objects of its own, but for the changes. */
const UPSTREAM: NamedUpstream = {
  name: 'default',
  upstream: 'default',
  place: 'upstream',
  pushgateway: { kind: 'running', url: 'http://127.0.0.1:9092' },
  timeoutMs: 10_000,
  connections: 32,
};

function configOf(changes: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    pathPrefix: '',
    ui: undefined,
    listen: { host: '127.0.0.1', port: 9091 },
    trustedProxies: [],
    admin: { host: '127.0.0.1', port: 9095, hosts: [] },
    upstreams: [UPSTREAM],
    allowNetworks: undefined,
    denyNetworks: [],
    issuers: [],
    server: {
      headerTimeoutMs: 10_000,
      bodyTimeoutMs: 30_000,
      headers: 200,
      chunks: 10_000,
      connectionsPerClient: 1000,
      waiting: 1000,
      reusePort: false,
      keepAliveMs: 75_000,
      idleTimeoutMs: 15_000,
      drainTimeoutMs: 30_000,
      connections: 5000,
      bytesInFlight: 268_435_456,
      passwordHashes: 2,
    },
    failures: { perMs: 60_000, limit: 30 },
    janitor: { everyMs: 60_000, rate: { count: 20, perMs: 1000 }, isDryRun: false },
    teams: [teamSpec({ name: 'a' }), teamSpec({ name: 'b' })],
    audit: {
      file: '/a',
      sync: 'batch',
      onFailure: 'deny',
      rotateBytes: 1,
      keep: 1,
      reads: 'all',
      unknown: { file: '/a.unknown', rotateBytes: 1, keep: 1 },
    },
    anonymousTeam: undefined,
    hash: 'sha256:0',
    ...changes,
  };
}

const BASE = configOf();
const RUNNING: PushgatewayConfig = { kind: 'running', url: 'http://10.0.0.1' };
const CHILD: PushgatewayConfig = { kind: 'child', command: 'pushgateway', args: [] };

function upstreamOf(pushgateway: PushgatewayConfig): Partial<GatewayConfig> {
  return { upstreams: [{ ...UPSTREAM, pushgateway }] };
}

type Case = readonly [
  what: string,
  changes: Partial<GatewayConfig>,
  changed: readonly string[],
  fixed: readonly string[],
];

const CASES: readonly Case[] = [
  ['nothing', {}, [], []],
  ['the text of the file alone', { hash: 'sha256:1' }, [], []],
  ['the public address', { listen: { host: '::', port: 9091 } }, ['listen'], ['listen']],
  ['the admin address', { admin: undefined }, ['admin'], ['admin']],
  ['the audit log', { audit: { ...BASE.audit, keep: 2 } }, ['audit'], ['audit']],
  ['TLS', { tls: { cert: 'c', key: 'k' } }, ['tls'], ['tls']],
  ['trusted proxies', { trustedProxies: ['10.0.0.1'] }, ['trusted_proxies'], []],
  ['allowed networks', { allowNetworks: [] }, ['allow_networks'], []],
  ['denied networks', { denyNetworks: ['::/0'] }, ['deny_networks'], []],
  ['failures', { failures: { perMs: 1, limit: 30 } }, ['failures'], []],
  ['a server limit', { server: { ...BASE.server, passwordHashes: 3 } }, ['server'], []],
  ['the upstream', upstreamOf(RUNNING), ['upstream'], []],
  ['the upstream to a child', upstreamOf(CHILD), ['upstream'], ['upstream.spawn']],
  [
    'one upstream more',
    { upstreams: [UPSTREAM, { ...UPSTREAM, name: 'b', place: 'upstreams.b' }] },
    ['upstreams.b'],
    [],
  ],
  [
    'a child more',
    { upstreams: [UPSTREAM, { ...UPSTREAM, place: 'upstreams.b', pushgateway: CHILD }] },
    ['upstreams.b'],
    ['upstreams.b.spawn'],
  ],
  [
    'a team',
    { teams: [teamSpec({ name: 'a', jobs: ['x'] }), teamSpec({ name: 'b' })] },
    ['teams.a'],
    [],
  ],
  ['a new team', { teams: [...BASE.teams, teamSpec({ name: 'newTeam' })] }, ['teams.newTeam'], []],
  ['a team that is gone', { teams: BASE.teams.slice(0, 1) }, ['teams.b'], []],
  ['the order of teams', { teams: BASE.teams.toReversed() }, [], []],
  [
    'much at once',
    { trustedProxies: ['::1'], audit: { ...BASE.audit, keep: 9 }, admin: undefined, teams: [] },
    ['admin', 'audit', 'trusted_proxies', 'teams.a', 'teams.b'],
    ['admin', 'audit'],
  ],
];
for (const [what, changes, changed, fixed] of CASES) {
  test(`a configuration that changes ${what} is told by name`, () => {
    const after = configOf(changes);
    assert.deepEqual(finish(listChanges(BASE, after)), changed);
    assert.deepEqual(listFixedChanges(BASE, after), fixed);
  });

  test(`a configuration that changes ${what} back is told by the same names`, () => {
    const before = configOf(changes);
    assert.deepEqual(finish(listChanges(before, configOf())), changed);
    assert.deepEqual(listFixedChanges(before, configOf()), fixed);
  });
}

test('a child started in another way is a change that needs a restart', () => {
  const before = configOf(upstreamOf(CHILD));
  const after = configOf(upstreamOf({ ...CHILD, args: ['--persistence.file='] }));
  assert.deepEqual(listFixedChanges(before, after), ['upstream.spawn']);
  assert.deepEqual(listFixedChanges(before, configOf(upstreamOf(CHILD))), []);
});

test('no value of a secret is told, only the team that it belongs to', () => {
  const credential = { type: 'token', name: 'n', sha256: 'f'.repeat(64) } as const;
  const after = configOf({ teams: [teamSpec({ name: 'a', credentials: [credential] })] });
  assert.deepEqual(finish(listChanges(BASE, after)), ['teams.a', 'teams.b']);
});
