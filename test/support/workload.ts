import type { GatewayDocument } from './gateway.ts';
import { AUDIENCE } from './issuer-server.ts';
import { TOKEN } from './one-team.ts';

interface WorkloadOptions {
  readonly issuer: string;
  /** Keys of the issuer in the configuration, beside `issuer` and `audience`. */
  readonly keys?: object;
  readonly claims?: object;
}

/** A configuration with one team, known by the tokens of an issuer and by one of its own. */
export function workload(
  upstream: GatewayDocument['upstream'],
  { issuer, keys, claims = { sub: 'repo:acme/payments' } }: WorkloadOptions,
): GatewayDocument {
  const jwt = { type: 'jwt', name: 'build', issuer: 'ci', claims };
  return {
    upstream,
    issuers: { ci: { issuer, audience: AUDIENCE, ...keys } },
    teams: { payments: { jobs: ['*'], credentials: [jwt, TOKEN.spec] } },
  };
}

/** Pushes one series with whatever credential. */
export function pushAs(url: string, authorization: string): Promise<Response> {
  const options = { method: 'PUT', headers: { authorization }, body: 'rows 1\n' };
  return fetch(`${url}/metrics/job/a`, options);
}

/** The value of a metric of the gateway; undefined when it is not there. */
export async function readMetric(adminUrl: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
