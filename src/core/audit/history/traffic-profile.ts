import type { PastDecision } from './past-record.ts';

/** What was pushed by whoever will be one team. */
export interface TrafficProfile {
  readonly jobs: ReadonlySet<string>;
  readonly actions: ReadonlySet<'push' | 'delete' | 'read'>;
  /** Families; undefined when a record named not all of them. */
  readonly families: ReadonlySet<string> | undefined;
  /** Labels that every push had in its grouping key. */
  readonly requiredLabels: ReadonlySet<string>;
  /** Addresses; undefined when there were too many to name. */
  readonly clients: ReadonlySet<string> | undefined;
  readonly pushes: number;
  /** The most in one push. */
  readonly bodyBytes: number;
  readonly decodedBytes: number;
  readonly series: number;
  /** The most in one second, and in one minute. */
  readonly perSecond: number;
  readonly perMinute: number;
  /** Whether a push without one series was among them. */
  readonly hasEmpty: boolean;
}

/** Members of a decision that a profile looks at. */
export const PROFILED_MEMBERS = [
  'method',
  'decision',
  'scheme',
  'team',
  'job',
  'client_ip',
  'peer_ip',
  'grouping_key',
  'body_bytes',
  'decoded_bytes',
  'series',
  'families',
  'families_more',
] as const satisfies readonly (keyof PastDecision)[];

/** Teams, jobs, families and addresses that are kept, so that no log fills the memory. */
const MAX_TEAMS = 2000;
const MAX_SINGLE_JOBS = 1000;
const MAX_JOBS = 20_000;
const MAX_FAMILIES = 2000;
const MAX_CLIENTS = 256;

const ACTIONS: Readonly<Record<string, 'push' | 'delete' | 'read'>> = {
  POST: 'push',
  PUT: 'push',
  DELETE: 'delete',
  GET: 'read',
};

type Profile = {
  -readonly [Key in keyof TrafficProfile]: TrafficProfile[Key] extends ReadonlySet<infer Item>
    ? Set<Item>
    : TrafficProfile[Key];
} & {
  families: Set<string> | undefined;
  clients: Set<string> | undefined;
  readonly second: Rate;
  readonly minute: Rate;
};

interface Rate {
  window: string;
  count: number;
}

/**
 * Learns from decisions what each team pushes. Who is known stays one team; what came without a
 * credential is a team for each job, so that none may touch the jobs of another.
 */
export class TrafficProfiles {
  readonly #profiles = new Map<string, Profile>();
  #isIncomplete = false;

  /** Whether there was more than is kept. */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** By the name of the team, or the job where there was none. */
  get teams(): ReadonlyMap<string, TrafficProfile> {
    return this.#profiles;
  }

  add(record: PastDecision): void {
    const action = ACTIONS[record.method];
    if (record.decision !== 'allow' || action === undefined) return;
    const isAnonymous = record.scheme === 'none';
    const name = isAnonymous ? this.#nameJob(record.job) : record.team;
    if (name === undefined) return;
    const profile = this.#profileOf(name);
    if (profile === undefined) return;
    profile.actions.add(action);
    if (record.job !== undefined && profile.jobs.size < MAX_JOBS) profile.jobs.add(record.job);
    addClient(profile, record.client_ip ?? record.peer_ip);
    if (action === 'read') return;
    countRate(profile, record.time);
    if (action === 'push') addPush(profile, record);
  }

  /** Jobs with numbers in them share a profile once there are many. */
  #nameJob(job: string | undefined): string | undefined {
    const isKnown = job === undefined || this.#profiles.has(job);
    return isKnown || this.#profiles.size < MAX_SINGLE_JOBS ? job : toJobPattern(job);
  }

  #profileOf(name: string): Profile | undefined {
    const known = this.#profiles.get(name);
    if (known !== undefined) return known;
    if (this.#profiles.size >= MAX_TEAMS) {
      this.#isIncomplete = true;
      return undefined;
    }
    const profile = createProfile();
    this.#profiles.set(name, profile);
    return profile;
  }
}

/** A number, or a date, behind which there is no other. */
const LAST_NUMBER = /\d+(?:[-_.:T]\d+)*(?=\D*$)/;

/** What a job has in common with those that are numbered as it is; a number before may be a team. */
export function toJobPattern(job: string): string {
  return job.replace(LAST_NUMBER, '*');
}

function createProfile(): Profile {
  return {
    jobs: new Set(),
    actions: new Set(),
    families: new Set(),
    requiredLabels: new Set(),
    clients: new Set(),
    pushes: 0,
    bodyBytes: 0,
    decodedBytes: 0,
    series: 0,
    perSecond: 0,
    perMinute: 0,
    hasEmpty: false,
    second: { window: '', count: 0 },
    minute: { window: '', count: 0 },
  };
}

function addClient(profile: Profile, client: string): void {
  profile.clients?.add(client);
  if ((profile.clients?.size ?? 0) > MAX_CLIENTS) profile.clients = undefined;
}

function addPush(profile: Profile, record: PastDecision): void {
  const labels = Object.keys(record.grouping_key ?? {});
  profile.requiredLabels =
    profile.pushes === 0
      ? new Set(labels)
      : new Set(labels.filter((label) => profile.requiredLabels.has(label)));
  profile.pushes += 1;
  profile.bodyBytes = Math.max(profile.bodyBytes, record.body_bytes ?? 0);
  profile.decodedBytes = Math.max(profile.decodedBytes, record.decoded_bytes ?? 0);
  profile.series = Math.max(profile.series, record.series ?? 0);
  if (record.series === 0) profile.hasEmpty = true;
  const isUnknown = record.families === undefined && record.series !== 0;
  if (isUnknown || (record.families_more ?? 0) > 0) profile.families = undefined;
  for (const family of record.families ?? []) profile.families?.add(family);
  if ((profile.families?.size ?? 0) > MAX_FAMILIES) profile.families = undefined;
}

function countRate(profile: Profile, time: string): void {
  profile.perSecond = Math.max(profile.perSecond, countIn(profile.second, time.slice(0, 19)));
  profile.perMinute = Math.max(profile.perMinute, countIn(profile.minute, time.slice(0, 16)));
}

function countIn(rate: Rate, window: string): number {
  if (rate.window !== window) {
    rate.window = window;
    rate.count = 0;
  }
  rate.count += 1;
  return rate.count;
}
