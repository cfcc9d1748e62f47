import type { GroupView, PageView } from '../../../src/http/page/page-view.ts';
import type { NotedRefusal } from '../../../src/pipeline/ports/team-activity.ts';

export const NOW = Date.parse('2026-11-28T03:12:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;

/** A group of the sample team; what is not named is plain. */
export function sampleGroup(given: Partial<GroupView> & { readonly job: string }): GroupView {
  return {
    labels: [],
    target: `/metrics/job/${given.job}`,
    team: 'payments',
    pushedAt: NOW - 2 * MINUTE,
    failedAt: undefined,
    expiresAt: undefined,
    series: 12,
    bytes: 1430,
    credential: 'nightly',
    families: [
      { name: 'batch_last_success_timestamp_seconds', type: 'gauge', series: 1 },
      { name: 'batch_duration_seconds', type: 'gauge', series: 1 },
      { name: 'batch_records_total', type: 'counter', series: 10 },
    ],
    ...given,
  };
}

/** A refusal of the sample team. */
export function sampleRefusal(given: Partial<NotedRefusal>): NotedRefusal {
  return {
    at: NOW - 14 * MINUTE,
    count: 1,
    team: 'payments',
    credential: 'nightly',
    method: 'PUT',
    target: '/metrics/job/settlment/instance/a',
    reason: 'job_not_allowed',
    detail: 'the credential may not use job "settlment"',
    hints: [],
    clientAddress: '10.1.2.3',
    requestId: '01KB4D2J8Q5Z7Y3M9X6W1V0T2R',
    ...given,
  };
}

/** A view of the sample team; what is not named is plain. */
export function sampleView(given: Partial<PageView> = {}): PageView {
  return {
    now: NOW,
    caller: {
      team: 'payments',
      credential: 'nightly',
      seesAllTeams: false,
      mayDelete: true,
      hasSession: true,
    },
    upstream: { isUp: true, isScrapeBroken: false, isSpooling: false },
    groups: [
      sampleGroup({ job: 'settlement', labels: [{ name: 'instance', value: 'a' }], series: 31 }),
      sampleGroup({
        job: 'settlement',
        labels: [
          { name: 'instance', value: 'b' },
          { name: 'env', value: 'prod' },
        ],
        pushedAt: NOW - 26 * 60 * MINUTE,
        failedAt: NOW - 14 * MINUTE,
        expiresAt: NOW + 5 * DAY,
      }),
      sampleGroup({
        job: 'payments_daily',
        pushedAt: NOW - 3 * 60 * MINUTE,
        series: 4,
        bytes: 512,
      }),
      sampleGroup({
        job: 'payments_import',
        pushedAt: undefined,
        failedAt: NOW - 8 * DAY,
        series: 0,
        bytes: undefined,
        credential: undefined,
        families: [],
      }),
    ],
    quotas: [
      { name: 'groups', used: 4, limit: 500 },
      { name: 'series', used: 47, limit: 100_000 },
      { name: 'bytes', used: 3372, limit: 64 * 1024 ** 2 },
    ],
    refusals: [
      sampleRefusal({ count: 12 }),
      sampleRefusal({
        at: NOW - 3 * 60 * MINUTE,
        target: '/metrics/job/payments_daily',
        method: 'POST',
        reason: 'body_invalid',
        detail: 'line 3: the last line has no line feed at its end',
        hints: ['end the body with a line feed; curl -d removes it, use --data-binary'],
      }),
    ],
    credentials: [
      {
        team: 'payments',
        name: 'nightly',
        kind: 'token',
        lastUsedAt: NOW - 2 * MINUTE,
        expiresAt: NOW + 90 * DAY,
      },
      {
        team: 'payments',
        name: 'ci',
        kind: 'jwt',
        lastUsedAt: undefined,
        expiresAt: undefined,
      },
    ],
    snippets: { url: 'https://push.example.com', job: 'settlement', login: 'token' },
    ...given,
  };
}
