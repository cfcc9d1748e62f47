import { isDeepStrictEqual } from 'node:util';
import type { Steps } from '../core/steps.ts';
import type { GatewayConfig } from './gateway-config.ts';
import type { PushgatewayConfig } from './sections/upstream.ts';

/** What a running gateway cannot change: it holds sockets and files open by these. */
const FIXED_KEYS = ['listen', 'admin', 'audit', 'spool'] as const satisfies (keyof GatewayConfig)[];

/**
 * Names what differs between two configurations, never a value: `upstream`, `teams.payments`. A step
 * for each team.
 */
export function* listChanges(
  before: GatewayConfig,
  after: GatewayConfig,
): Steps<readonly string[]> {
  const { teams: teamsBefore, hash: _, ...restBefore } = before;
  const { teams: teamsAfter, hash: __, ...restAfter } = after;
  const keys = yield* listDifferentKeys(byKey(restBefore), byKey(restAfter));
  const teams = yield* listDifferentKeys(byName(teamsBefore), byName(teamsAfter));
  return [...keys, ...teams.map((name) => `teams.${name}`)];
}

/** Names what only a restart can change. */
export function listFixedChanges(before: GatewayConfig, after: GatewayConfig): readonly string[] {
  const changed = FIXED_KEYS.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return [
    ...changed,
    ...(isDeepStrictEqual(childOf(before), childOf(after)) ? [] : [SPAWN_KEY]),
    ...listTlsSwitches(before, after),
  ];
}

/** Certificates may change, but a socket that listens does or does not speak TLS and ask for them. */
function listTlsSwitches({ tls: before }: GatewayConfig, { tls: after }: GatewayConfig): string[] {
  if ((before === undefined) !== (after === undefined)) return ['tls'];
  const isSame = (before?.clientCa === undefined) === (after?.clientCa === undefined);
  return isSame ? [] : ['tls.client_ca_file'];
}

/** Another child would not hold what was pushed to this one. */
const SPAWN_KEY = 'upstream.spawn';

function childOf({ upstream: { pushgateway } }: GatewayConfig): PushgatewayConfig | undefined {
  return pushgateway.kind === 'child' ? pushgateway : undefined;
}

/** Under the keys that the configuration file has for them: `trusted_proxies`. */
function byKey(config: object): ReadonlyMap<string, unknown> {
  const toFileKey = (key: string): string =>
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return new Map(Object.entries(config).map(([key, value]) => [toFileKey(key), value]));
}

function byName(teams: GatewayConfig['teams']): ReadonlyMap<string, unknown> {
  return new Map(teams.map((team) => [team.name, team]));
}

function* listDifferentKeys(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): Steps<readonly string[]> {
  const different: string[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    if (!isDeepStrictEqual(before.get(key), after.get(key))) different.push(key);
    yield;
  }
  return different.sort();
}
