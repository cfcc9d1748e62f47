import { isDeepStrictEqual } from 'node:util';
import type { Steps } from '../core/steps.ts';
import type { GatewayConfig } from './gateway-config.ts';
import type { NamedUpstream } from './sections/upstreams.ts';

/** What a running gateway cannot change: it holds sockets and files open by these. */
const FIXED_KEYS = [
  'listen',
  'admin',
  'audit',
  'spool',
  'state',
] as const satisfies (keyof GatewayConfig)[];

/**
 * Names what differs between two configurations, never a value: `upstream`, `teams.payments`. A step
 * for each team.
 */
export function* listChanges(
  before: GatewayConfig,
  after: GatewayConfig,
): Steps<readonly string[]> {
  const { teams: teamsBefore, upstreams: upstreamsBefore, hash: _, ...restBefore } = before;
  const { teams: teamsAfter, upstreams: upstreamsAfter, hash: __, ...restAfter } = after;
  const keys = yield* listDifferentKeys(
    new Map([...byKey(restBefore), ...byPlace(upstreamsBefore)]),
    new Map([...byKey(restAfter), ...byPlace(upstreamsAfter)]),
  );
  const teams = yield* listDifferentKeys(byName(teamsBefore), byName(teamsAfter));
  return [...keys, ...teams.map((name) => `teams.${name}`)];
}

/** Names what only a restart can change. */
export function listFixedChanges(before: GatewayConfig, after: GatewayConfig): readonly string[] {
  const changed = FIXED_KEYS.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  const isPortKept = before.server.reusePort === after.server.reusePort;
  return [
    ...changed,
    ...(isPortKept ? [] : ['server.reuse_port']),
    ...listOtherChildren(before, after),
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
function listOtherChildren(before: GatewayConfig, after: GatewayConfig): readonly string[] {
  const [old, next] = [childrenOf(before), childrenOf(after)];
  const places = [...new Set([...old.keys(), ...next.keys()])];
  return places
    .filter((place) => !isDeepStrictEqual(old.get(place), next.get(place)))
    .map((place) => `${place}.spawn`);
}

function childrenOf({ upstreams }: GatewayConfig): ReadonlyMap<string, unknown> {
  const children = upstreams.filter(({ pushgateway }) => pushgateway.kind === 'child');
  return new Map(children.map((one) => [one.place, one.pushgateway]));
}

/** Their order too: the first is that of teams that name none. */
function byPlace(upstreams: readonly NamedUpstream[]): ReadonlyMap<string, unknown> {
  const placed = upstreams.map((one, index) => ({ ...one, isFirst: index === 0 }));
  return Map.groupBy(placed, ({ place }) => place);
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
