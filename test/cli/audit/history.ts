import { mock } from 'node:test';
import { createProgram } from '../../../src/cli/program.ts';
import type { OutcomeEvent } from '../../../src/core/audit/audit-record.ts';
import { decision, outcome, refusal } from '../../audit/chain-fixture.ts';
import { compress, sealAll, type Timed } from '../../audit/read/history-fixture.ts';
import { runCli } from '../../support/run-cli.ts';
import type { Scratch } from '../../support/scratch.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

const ci = { team: 'payments', credential: 'ci', scheme: 'token', job: 'settlement' } as const;
const old = { team: 'payments', credential: 'old-cron', scheme: 'basic', job: 'batch' } as const;
const web = {
  team: 'web',
  credential: 'ci',
  scheme: 'jwt',
  job: 'web',
  target: '/metrics/job/web',
} as const;

function spooled(id: string): OutcomeEvent {
  const how = 'spooled';
  return { event: 'outcome', request_id: id, status: how, outcome: how, duration_ms: 1 };
}

function ended(id: string, how: 'delivered' | 'rejected', duration_ms: number): OutcomeEvent {
  const request = { ...ci, method: 'PUT', target: '/metrics/job/settlement' };
  return { event: 'outcome', request_id: id, status: how, outcome: how, duration_ms, ...request };
}

/** Two pushes of a group that were kept while Pushgateway was away. */
export const KEPT: readonly Timed[] = [
  [1000, decision('first', ci)],
  [1000, spooled('first')],
  [2000, decision('second', ci)],
  [2000, spooled('second')],
  [61_000, { ...ended('first', 'delivered', 60_000), replaced_by: 'second' }],
  [61_000, { ...ended('second', 'rejected', 59_000), reason: 'inconsistent' }],
];

/** Some days of two teams, of one caller without a credential, and of one who is unknown. */
export async function writeHistory(scratch: Scratch, now: number) {
  const first: readonly Timed[] = [
    [now - 40 * DAY, decision('ancient', { ...old, target: '/metrics/job/batch' })],
    [now - 40 * DAY, outcome('ancient')],
    [now - 26 * HOUR, decision('yesterday', ci)],
    [now - 26 * HOUR, outcome('yesterday')],
    [now - 25 * HOUR, refusal('r1', { ...web, reason: 'job_not_allowed', detail: 'the job "x"' })],
  ];
  const second: readonly Timed[] = [
    [now - 2 * HOUR, decision('late', { ...ci, request_id: 'late' })],
    [
      now - 2 * HOUR,
      decision('bare', {
        team: 'open',
        scheme: 'none',
        job: 'nightly',
        target: '/metrics/job/nightly',
      }),
    ],
    [now - 2 * HOUR, outcome('bare')],
    [
      now - 2 * HOUR,
      {
        event: 'outcome',
        request_id: 'late',
        status: 502,
        reason: 'upstream_unreachable',
        duration_ms: 3,
      },
    ],
    [
      now - HOUR,
      decision('scrape', {
        team: 'prometheus',
        credential: 'p1',
        method: 'GET',
        target: '/metrics',
      }),
    ],
    [
      now - HOUR,
      decision('watched', { ...web, mode: 'observe', would_deny: 'metric_not_allowed' }),
    ],
    [
      now - HOUR,
      {
        event: 'aggregate',
        reason: 'rate_limited',
        team: 'web',
        credential: 'ci',
        count: 90,
        since: new Date(now).toISOString(),
        until: new Date(now).toISOString(),
      },
    ],
  ];
  const unknown: readonly Timed[] = [
    [now - 3 * HOUR, refusal('nobody', { reason: 'credential_missing', user_agent: 'x' })],
  ];
  const closed = sealAll(first);
  return [
    await scratch.write('audit.jsonl', sealAll(second, closed.head).text),
    await scratch.write('audit.jsonl.000000000001', compress(closed.text)),
    await scratch.write('audit.unknown.jsonl', sealAll(unknown).text),
  ];
}

export function audit(...args: readonly string[]) {
  return runCli(['audit', ...args]);
}

/** Runs `audit ARGS…` in this process, which is much quicker; answers what it prints. */
export async function auditHere(...args: readonly string[]): Promise<string> {
  const printed: string[] = [];
  const write = mock.method(process.stdout, 'write', (text: string) => printed.push(text) > 0);
  try {
    await createProgram().parseAsync(['node', 'pushwarden', 'audit', ...args]);
  } finally {
    write.mock.restore();
  }
  return printed.join('');
}
