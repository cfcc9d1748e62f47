import type { Principal } from '../../core/identity/principal.ts';
import type { TeamPolicy } from '../../core/policy/policy.ts';
import { resolveReadScope } from '../../core/policy/read-scope.ts';
import { expiryOf, type GroupExpiry } from '../../core/store/expiry.ts';
import type { StoredGroup } from '../../core/store/group.ts';
import { labelsOf, targetOf } from '../../core/store/group-listing.ts';
import type { StoreView } from '../../core/store/joined-stores.ts';
import type { TeamActivity } from '../../pipeline/ports/team-activity.ts';
import type { Snapshot } from '../../pipeline/snapshot.ts';
import type {
  CredentialView,
  GroupView,
  PageView,
  QuotaView,
  SnippetView,
  UpstreamView,
} from './page-view.ts';

interface ViewSources {
  readonly now: number;
  readonly principal: Principal;
  readonly team: TeamPolicy;
  readonly snapshot: Snapshot;
  readonly store: StoreView;
  readonly activity: TeamActivity;
  readonly upstream: UpstreamView;
  readonly hasSession: boolean;
  /** Address to push to. */
  readonly url: string;
  readonly notice?: string | undefined;
}

/** What the page shows of the gateway to one caller. */
export function createView(sources: ViewSources): PageView {
  const { now, principal, team, snapshot, activity, upstream, hasSession, url, notice } = sources;
  const seesAllTeams = team.coversEverything && team.actions.has('read');
  const contact = snapshot.ui?.contact;
  return {
    now,
    caller: {
      team: team.name,
      credential: principal.credential,
      seesAllTeams,
      mayDelete: team.actions.has('delete') && hasSession,
      hasSession,
    },
    upstream,
    groups: team.actions.has('read') ? listGroups(sources) : undefined,
    quotas: seesAllTeams ? [] : listQuotas(sources),
    refusals: activity.refusals(seesAllTeams ? undefined : team.name),
    credentials: listCredentials(snapshot, activity, seesAllTeams ? undefined : team.name),
    snippets: { url, job: suggestJob(team), login: chooseLogin(snapshot, team.name) },
    ...(notice !== undefined && { notice }),
    ...(contact !== undefined && { contact }),
  };
}

/** A group as the page shows it. */
export function viewGroup(group: StoredGroup, expiry: GroupExpiry): GroupView {
  const { key, owner, pushedAt, failedAt, series, bytes, credential } = group;
  return {
    job: key.job,
    labels: key.labels,
    team: owner,
    pushedAt,
    failedAt,
    series,
    bytes,
    credential,
    // Of thousands of groups a page shows some: the others are only looked through.
    get expiresAt() {
      return expiry(group);
    },
    get target() {
      return targetOf(group);
    },
    get families() {
      return group.families;
    },
  };
}

function listGroups({ team, store, snapshot }: ViewSources): readonly GroupView[] {
  const scope = resolveReadScope(team);
  const expiry = expiryOf(snapshot.policy.team);
  const groups: GroupView[] = [];
  for (const group of store.groups()) {
    if (scope.seesEverything || scope.sees(labelsOf(group))) groups.push(viewGroup(group, expiry));
  }
  return groups;
}

function listQuotas({ team, store }: ViewSources): readonly QuotaView[] {
  const { groups, totalSeries, totalBytes } = team.limits;
  const used = store.totals(team.name);
  return [
    { name: 'groups', used: used.groups, limit: groups },
    { name: 'series', used: used.series, limit: totalSeries },
    { name: 'bytes', used: used.bytes, limit: totalBytes },
  ];
}

function listCredentials(
  { credentials }: Snapshot,
  activity: TeamActivity,
  team: string | undefined,
): readonly CredentialView[] {
  return credentials
    .filter((credential) => team === undefined || credential.team === team)
    .map(({ team: of, name, kind, expires }) => ({
      team: of,
      name,
      kind,
      lastUsedAt: activity.lastUse(of, name),
      expiresAt: expires,
    }));
}

function chooseLogin({ credentials }: Snapshot, team: string): SnippetView['login'] {
  const kinds = new Set(credentials.filter((one) => one.team === team).map(({ kind }) => kind));
  if (kinds.has('token') || kinds.has('jwt')) return 'token';
  return kinds.has('basic') || kinds.has('htpasswd') ? 'password' : 'token';
}

/** A job for the snippets that the team may push to and that needs no encoding. */
function suggestJob({ jobs }: TeamPolicy): string {
  for (const rule of jobs.rules) {
    const glob = /"(.*)"$/s.exec(rule)?.[1] ?? '';
    const job = glob.replaceAll('*', 'batch');
    if (/^[A-Za-z0-9_.-]+$/.test(job) && jobs.matcher.matches(job)) return job;
  }
  return 'JOB';
}
