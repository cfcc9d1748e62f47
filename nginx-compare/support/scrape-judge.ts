import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../../test/support/eventually.ts';
import {
  PROMETHEUSES,
  type PrometheusVersion,
  startPrometheus,
} from '../../test/support/prometheus.ts';
import type { ScrapeJudge } from './judge.ts';

/** Families of Pushgateway itself, which differ from scrape to scrape and were never pushed. */
const OWN_FAMILIES = /^(?:go|process|promhttp|pushgateway|push)_.* \S+$/gm;
const VALUE = /\S+$/;

/** Milliseconds until a Prometheus has scraped all of them. */
const PATIENCE_MS = 30_000;

interface TargetsAnswer {
  readonly data: {
    readonly activeTargets: readonly {
      readonly scrapeUrl: string;
      readonly health: 'up' | 'down' | 'unknown';
    }[];
  };
}

/** Has real Prometheus servers scrape the bodies; those that differ in times only, once. */
export async function judgeScrapes(bodies: readonly Buffer[]): Promise<ScrapeJudge> {
  const distinct = [...new Map(bodies.map((body) => [withoutTimes(body), body]))];
  const server = createServer((req, res) => {
    const [, body] = distinct[Number(req.url?.slice(1))] ?? [];
    res.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  const refused = new Map<PrometheusVersion, ReadonlySet<string>>();
  try {
    for (const version of PROMETHEUSES) {
      const places = await scrapeAll(version, `127.0.0.1:${port}`, distinct.length);
      refused.set(version, new Set(places.map((place) => distinct[place]?.[0] ?? '')));
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return (body) =>
    PROMETHEUSES.filter((version) => refused.get(version)?.has(withoutTimes(body)) ?? false);
}

/** The places of the bodies that a Prometheus refuses. */
async function scrapeAll(
  version: PrometheusVersion,
  target: string,
  count: number,
): Promise<readonly number[]> {
  const targets = Array.from({ length: count }, (_, place) => ({
    targets: [target],
    labels: { __metrics_path__: `/${place}`, place: String(place) },
  }));
  await using prometheus = await startPrometheus({
    version,
    target,
    scrapeConfig: { static_configs: targets },
  });
  return await eventually(
    `Prometheus ${version} scrapes everything`,
    () => readRefused(prometheus.url, count),
    PATIENCE_MS,
  );
}

/** Undefined while some have not been scraped. */
async function readRefused(url: string, count: number): Promise<readonly number[] | undefined> {
  const answer = await fetch(`${url}/api/v1/targets`);
  if (answer.status !== 200) return undefined;
  const { data } = (await answer.json()) as TargetsAnswer; // Prometheus' HTTP API v1
  const seen = data.activeTargets.filter(({ health }) => health !== 'unknown');
  if (seen.length < count) return undefined;
  return seen
    .filter(({ health }) => health === 'down')
    .map(({ scrapeUrl }) => Number(new URL(scrapeUrl).pathname.slice(1)));
}

function withoutTimes(body: Buffer): string {
  return body.toString('latin1').replaceAll(OWN_FAMILIES, (line) => line.replace(VALUE, '0'));
}
