import type { GatewayDocument } from './gateway.ts';
import { type TestCredential, tokenCredential } from './test-credential.ts';

/** What the one team is known by unless a test says otherwise. */
export const TOKEN = tokenCredential('ci');

interface OneTeamOptions {
  readonly credential?: TestCredential;
  readonly server?: object;
}

/** A configuration with one team that may do everything. */
export function oneTeam(
  upstream: GatewayDocument['upstream'],
  { credential = TOKEN, server }: OneTeamOptions = {},
): GatewayDocument {
  const allow = ['push', 'delete', 'read'];
  return {
    upstream,
    ...(server && { server }),
    teams: { payments: { jobs: ['*'], allow, credentials: [credential.spec] } },
  };
}

/** Pushes one series; the status of the answer. */
export async function pushRows(url: string, job: string, credential = TOKEN): Promise<number> {
  const { authorization } = credential;
  const options = { method: 'PUT', headers: { authorization }, body: 'rows 1\n' };
  return (await fetch(`${url}/metrics/job/${job}`, options)).status;
}
