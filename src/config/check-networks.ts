import { parseCidr } from '../core/network-set.ts';
import type { Finding } from './problem.ts';
import type { RawConfig } from './schema.ts';

/** Checks every CIDR, and every name of a network that stands where one may. */
export function checkNetworks(config: RawConfig): readonly Finding[] {
  const { networks, trusted_proxies: proxies, deny_networks: denied } = config;
  const names = new Set(Object.keys(networks));
  const none = new Set<string>();
  return [
    ...checkList(['trusted_proxies'], proxies, none),
    ...Object.entries(networks).flatMap(([name, list]) =>
      checkList(['networks', name], list, none),
    ),
    ...checkList(['allow_networks'], config.allow_networks ?? [], names),
    ...checkList(['deny_networks'], denied, names),
    ...Object.entries(config.teams).flatMap(([team, { allow_networks: allowed = [] }]) =>
      checkList(['teams', team, 'allow_networks'], allowed, names),
    ),
  ];
}

function checkList(
  path: readonly PropertyKey[],
  list: readonly string[],
  names: ReadonlySet<string>,
): readonly Finding[] {
  return list.flatMap((entry, index): Finding[] => {
    if (names.has(entry) || parseCidr(entry) !== undefined) return [];
    const what = names.size > 0 ? 'neither a CIDR nor one of `networks`' : 'not a CIDR';
    const message = `"${entry}" is ${what}, such as 10.0.0.0/8 or fd00::/8`;
    return [{ severity: 'error', path: [...path, index], message }];
  });
}
