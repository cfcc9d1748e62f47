import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { eventually } from './eventually.ts';
import { HISTORY_GROUPS, QUOTA_GROUPS, type TormentClients } from './gateways-clients.ts';
import type { GatewaysStand } from './gateways-stand.ts';
import { listUnexplained, readHeldGroups } from './held-groups.ts';
import type { Operation } from './push-history.ts';
import { readAnew } from './read-anew.ts';
import { runCli } from './run-cli.ts';

/** A lease, and the time in which gateways join anew and read the store. */
const STUCK_MS = 6000 + 5000;
const SCRAPE_MS = 150;

/** Scrapes Pushgateway until the signal comes: what it answers has to be whole at any time. */
export async function watchScrape(
  stand: GatewaysStand,
  stop: AbortSignal,
): Promise<readonly string[]> {
  while (!stop.aborted) {
    const scrape = await stand
      .pushgateway()
      .scrape()
      .catch(() => undefined); // it is away
    if (scrape !== undefined && scrape.status !== 200) return [describeScrape(scrape)];
    await delay(SCRAPE_MS);
  }
  return [];
}

function describeScrape({ status, body }: { readonly status: number; readonly body: string }) {
  return `a scrape ended in ${status}: ${body.slice(0, 500)}`;
}

/** Waits until every gateway takes a push to every group, and tells how long that was. */
export async function settle(
  stand: GatewaysStand,
  { pushOnce }: Pick<TormentClients, 'pushOnce'>,
): Promise<{ readonly tookMs: number; readonly faults: readonly string[] }> {
  const beganAt = performance.now();
  const faults: string[] = [];
  const probes = stand.gateways.map(async ({ url }, index) => {
    for (const group of HISTORY_GROUPS) {
      const what = `gateway ${index} takes a push to ${group}`;
      const isTaken = async () => (await pushOnce(url, group)) === 'acknowledged' || undefined;
      const left = STUCK_MS - (performance.now() - beganAt);
      await eventually(what, isTaken, left).catch((error) =>
        faults.push(`stuck: ${error.message}`),
      );
    }
  });
  await Promise.all(probes);
  return { tookMs: performance.now() - beganAt, faults };
}

/** Holds the store, and what each gateway knows of it, against what was answered. */
export async function inspect(
  stand: GatewaysStand,
  history: readonly Operation[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  const pushgateway = stand.pushgateway();
  const scrape = await pushgateway.scrape();
  if (scrape.status !== 200) faults.push(describeScrape(scrape));
  faults.push(...listUnexplained(history, await readHeldGroups(pushgateway)));
  const stored = await pushgateway.groups();
  const ofQuota = stored.filter(({ labels }) => labels['job']?.startsWith('q'));
  if (ofQuota.length > QUOTA_GROUPS) faults.push(`${ofQuota.length} groups of team quota`);

  const admins = stand.gateways.map(({ adminUrl }) => adminUrl());
  const known = () => Promise.all(admins.map(readGroups));
  const alike = eventually(
    'all gateways know the same',
    async () => {
      const [first, ...others] = await known();
      return others.every((other) => isDeepStrictEqual(other, first)) || undefined;
    },
    5000,
  );
  await alike.catch(async (error: Error) => {
    faults.push(`${error.message}: ${JSON.stringify(await known())}`);
  });
  const [admin = ''] = admins;
  await eventually('the store is read', async () => (await readAnew(admin)) || undefined, 10_000);
  const names = stored.map(({ labels, families }) => nameGroup(labels, families)).sort();
  for (const groups of await known()) {
    const own = groups.map(({ job, grouping_key: key, families }) =>
      nameGroup(
        { job, ...key },
        families.map(({ name }) => name),
      ),
    );
    if (!isDeepStrictEqual(own.sort(), names)) {
      faults.push(`the store has ${names.join(' ')}, a gateway knows ${own.join(' ')}`);
    }
  }
  return faults;
}

interface KnownGroup {
  readonly job: string;
  readonly grouping_key: Readonly<Record<string, string>>;
  readonly families: readonly { readonly name: string }[];
}

async function readGroups(adminUrl: string): Promise<readonly KnownGroup[]> {
  const answer = await fetch(`${adminUrl}/-/groups`);
  if (!answer.ok) return []; // it knows nothing: that differs
  const { data } = (await answer.json()) as { readonly data: readonly KnownGroup[] }; // as documented
  return data;
}

function nameGroup(labels: Readonly<Record<string, string>>, families: readonly string[]): string {
  return `${JSON.stringify(Object.entries(labels).sort())}=${[...families].sort().join()}`;
}

/** Stops all gateways, and holds their audit logs against what was acknowledged. */
export async function checkAudit(
  { gateways }: GatewaysStand,
  acknowledged: number,
): Promise<readonly string[]> {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  const files = gateways.map(({ auditFile }) => auditFile);
  const verified = await runCli(['audit', 'verify', ...files]);
  const shown = await runCli(['audit', 'show', '--team', 'history', '--output', 'json', ...files]);
  const faults = [verified, shown]
    .filter(({ status }) => status !== 0)
    .map(({ stdout, stderr }) => `audit: ${stdout.slice(-500)} ${stderr.slice(-500)}`);
  const lines = shown.stdout.split('\n');
  const stored = lines.filter((line) => /"outcome":\{[^}]*"status":20[02]/.test(line));
  if (stored.length < acknowledged) {
    faults.push(`${stored.length} pushes in the audit logs, ${acknowledged} were acknowledged`);
  }
  return faults;
}
