import { z } from 'zod';
import type { NamedFile } from '../engine/named-file.ts';
import { findNearest } from '../engine/nearest.ts';
import type { Finding } from '../engine/problem.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';
import {
  checkUpstream,
  listUpstreamFiles,
  listUrls,
  type RawUpstream,
  resolveUpstream,
  type UpstreamConfig,
  upstream,
} from './upstream.ts';

/** `upstreams`. */
export const upstreams = z
  .record(value.name, upstream)
  .describe('in place of upstream: a Pushgateway for each team that names one');

/** One of the Pushgateways of a configuration. */
export interface NamedUpstream extends UpstreamConfig {
  /** Label value of metrics, and what `GET /metrics?upstream=` takes. */
  readonly name: string;
  /** What teams name: several Pushgateways have one name where there are `urls`. */
  readonly upstream: string;
  /** Where it stands in the file: `upstream`, `upstreams.payments`, `upstream.urls`. */
  readonly place: string;
}

/** Of a single `upstream`. */
const ONLY_NAME = 'default';

interface RawUpstreams {
  readonly upstream?: RawUpstream | undefined;
  readonly upstreams?: Readonly<Record<string, RawUpstream>> | undefined;
}

interface Placed {
  readonly name: string;
  readonly path: readonly [string, ...string[]];
  readonly raw: RawUpstream;
}

/** In the order of the file. */
function listPlaced({ upstream: only, upstreams: several = {} }: RawUpstreams): readonly Placed[] {
  return [
    ...(only === undefined ? [] : [{ name: ONLY_NAME, path: ['upstream'], raw: only } as const]),
    ...Object.entries(several).map(
      ([name, raw]) => ({ name, path: ['upstreams', name], raw }) as const,
    ),
  ];
}

/** @throws GatewayError ERR_SECRET_UNREADABLE */
export function resolveUpstreams(raw: RawUpstreams, source: Source): readonly NamedUpstream[] {
  return listPlaced(raw).flatMap(({ name, path, raw: one }) => {
    const { urls, url = '' } = one;
    const place = path.join('.');
    if (urls === undefined) {
      return { ...resolveUpstream(one, url, source), name, upstream: name, place };
    }
    return urls.map((address, index) => ({
      ...resolveUpstream(one, address, source),
      name: `${name}/${index + 1}`,
      upstream: name,
      place: `${place}.urls`,
    }));
  });
}

/** The secrets and certificates that they name. */
export function listUpstreamsFiles(raw: RawUpstreams, directory: string): readonly NamedFile[] {
  return listPlaced(raw).flatMap((one) => listUpstreamFiles(one.path, one.raw, directory));
}

interface Surroundings extends RawUpstreams {
  readonly teams: Readonly<Record<string, { readonly upstream?: string | undefined }>>;
  readonly spool?: object | undefined;
}

/** Checks each, that no Pushgateway is two of them, and that teams name those that there are. */
export function checkUpstreams(config: Surroundings): readonly Finding[] {
  const placed = listPlaced(config);
  const { upstream: only, upstreams: several } = config;
  const error = (path: readonly PropertyKey[], message: string): Finding => {
    return { severity: 'error', path, message };
  };
  if (only === undefined && several === undefined) return [error(['upstream'], 'is required')];
  const findings: Finding[] = [];
  if (only !== undefined && several !== undefined) {
    findings.push(error(['upstreams'], 'takes the place of upstream: leave one of the two out'));
  }
  if (placed.length === 0) findings.push(error(['upstreams'], 'must name at least one'));
  const isOne = several === undefined && only?.urls === undefined;
  if (!isOne && config.spool !== undefined) {
    const message =
      'not supported yet together with several Pushgateways: leave it out, or use one upstream';
    findings.push(error(['spool'], message));
  }
  for (const { path, raw } of placed) findings.push(...checkUpstream(path, raw));
  findings.push(...findTwins(placed));
  const names = placed.map(({ name }) => name);
  for (const [team, { upstream: name }] of Object.entries(config.teams)) {
    if (name === undefined || names.includes(name)) continue;
    const nearest = findNearest(name, names);
    const hint = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
    findings.push(error(['teams', team, 'upstream'], `there is no upstream ${name}${hint}`));
  }
  return findings;
}

/** Two models of one Pushgateway would each take the other for a stranger. */
function findTwins(placed: readonly Placed[]): readonly Finding[] {
  const first = new Map<string, string>();
  const all = placed.flatMap(({ path, raw }) =>
    listUrls(raw).map(([place, url]) => ({ path, place, url: url.replace(/\/+$/, '') })),
  );
  return all.flatMap(({ path, place, url }): Finding[] => {
    const other = first.get(url);
    first.set(url, other ?? path.join('.'));
    if (other === undefined) return [];
    const message = `is that of ${other} too: one Pushgateway is one upstream`;
    return [{ severity: 'error', path: [...path, ...place], message }];
  });
}
