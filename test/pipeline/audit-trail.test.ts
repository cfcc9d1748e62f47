import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent, DecisionEvent } from '../../src/core/audit/audit-record.ts';
import { deny } from '../../src/core/decision.ts';
import { parsePushTarget } from '../../src/core/target/push-target.ts';
import { type AuditTrail, createAuditTrail, type Facts } from '../../src/pipeline/audit-trail.ts';
import type { AuditLog } from '../../src/pipeline/ports.ts';
import { allowed, denied } from '../support/decision.ts';
import { gatewayRequest, type RequestChange } from '../support/gateway-request.ts';

const RAW_TARGET = '/metrics/job/team%2Da/instance/i?x';
const TARGET = allowed(parsePushTarget('/metrics/job/team-a/instance/i', { emptyValues: false }));

interface Trailing {
  readonly trail: AuditTrail;
  readonly appended: AuditEvent[];
  readonly recorded: AuditEvent[];
}

function begin(request: RequestChange = {}, times: number[] = [0], failure?: Error): Trailing {
  const appended: AuditEvent[] = [];
  const recorded: AuditEvent[] = [];
  const audit: AuditLog = {
    async append(event) {
      if (failure) throw failure;
      appended.push(event);
    },
    record: (event) => recorded.push(event),
    head: () => ({ seq: 0, hash: '' }),
    close: async () => {},
  };
  const clock = { now: () => 0, monotonic: () => times.shift() ?? assert.fail() };
  const trail = createAuditTrail(
    gatewayRequest({
      peerAddress: '127.0.0.1',
      rawTarget: RAW_TARGET,
      ...request,
      headers: { authorization: 'Bearer secret', ...request.headers },
    }),
    audit,
    clock,
  );
  return { trail, appended, recorded };
}

/** The decision record of a refused request. */
function refused(request: RequestChange, facts: Facts = {}): DecisionEvent {
  const { trail, recorded } = begin(request);
  trail.learn(facts);
  trail.recordInPassing(deny('target_invalid'));
  const [event] = recorded;
  assert.equal(event?.event, 'decision');
  return event;
}

const PRINCIPAL = { team: 't', credential: 'c', scheme: 'jwt', subject: 'repo:a' } as const;
const ADDRESS = { text: '10.1.2.3', family: 'ipv4' } as const;
const BASE = {
  event: 'decision',
  request_id: '01JD',
  peer_ip: '127.0.0.1',
  method: 'PUT',
} as const;
const RAW = '/metrics/job/team%2Da/instance/i';
const DENIED = { decision: 'deny', reason: 'draining' } as const;
const KEY = { job: 'team-a', grouping_key: { instance: 'i' } };

/** What is learned one after another, and the record of a refusal at that point. */
const STEPS: readonly (readonly [what: string, facts: Facts, record: DecisionEvent])[] = [
  ['nothing', {}, { ...BASE, target: RAW, ...DENIED }],
  [
    'the address',
    { clientAddress: ADDRESS },
    { ...BASE, client_ip: '10.1.2.3', target: RAW, ...DENIED },
  ],
  [
    'the principal',
    { clientAddress: ADDRESS, principal: PRINCIPAL },
    { ...BASE, client_ip: '10.1.2.3', ...PRINCIPAL, target: RAW, ...DENIED },
  ],
  [
    'the grouping key',
    { clientAddress: ADDRESS, principal: PRINCIPAL, target: TARGET },
    { ...BASE, client_ip: '10.1.2.3', ...PRINCIPAL, target: RAW, ...KEY, ...DENIED },
  ],
];
for (const [what, facts, record] of STEPS) {
  test(`recordInPassing records a refusal that knows ${what}, its target raw without query`, () => {
    const { trail, recorded, appended } = begin();
    trail.learn(facts);
    trail.recordInPassing(deny('draining', { internal: 'secret' }));
    assert.deepEqual(recorded, [record]);
    assert.deepEqual(appended, []);
  });
}

test('recordAllowed records the canonical target and what the body held', async () => {
  const { trail, appended, recorded } = begin({ headers: { userAgent: 'curl/8.5' } });
  trail.learn({ clientAddress: ADDRESS });
  trail.learn({ principal: PRINCIPAL });
  trail.learn({ target: TARGET, content: { bodyBytes: 5, decodedBytes: 9, series: 2 } });
  allowed(await trail.recordAllowed());
  assert.deepEqual(appended, [
    {
      ...BASE,
      client_ip: '10.1.2.3',
      ...PRINCIPAL,
      target: '/metrics/job/team-a/instance/i',
      ...KEY,
      body_bytes: 5,
      decoded_bytes: 9,
      series: 2,
      decision: 'allow',
      reason: 'ok',
      user_agent: 'curl/8.5',
    },
  ]);
  assert.deepEqual(recorded, []);
});

const EMPTYING = [
  ['PUT', 0, true],
  ['PUT', 1, undefined],
  ['POST', 0, undefined],
] as const;
for (const [method, series, empties] of EMPTYING) {
  test(`recordAllowed marks a ${method} of ${series} series as ${empties ? '' : 'not '}emptying`, async () => {
    const { trail, appended } = begin({ method });
    trail.learn({ target: TARGET, content: { bodyBytes: 0, decodedBytes: 0, series } });
    await trail.recordAllowed();
    assert.equal(appended[0]?.event === 'decision' && appended[0].empties_group, empties);
  });
}

test('recordAllowed and recordOutcome deny when the log cannot be written', async () => {
  const { trail } = begin({}, [0, 0], new Error('ENOSPC: no space left'));
  for (const decision of [
    await trail.recordAllowed(),
    await trail.recordOutcome({ status: 200 }),
  ]) {
    const { reason, detail, internal } = denied(decision);
    assert.equal(reason, 'audit_unavailable');
    assert.equal(detail, undefined);
    assert.equal(internal, 'Error: ENOSPC: no space left');
  }
});

test('recordOutcome records the end and the time since the arrival, to a tenth', async () => {
  const { trail, appended } = begin({}, [1000, 1002.1499]);
  allowed(
    await trail.recordOutcome({ status: 'unknown', reason: 'upstream_timeout', attempts: 2 }),
  );
  assert.deepEqual(appended, [
    {
      event: 'outcome',
      request_id: '01JD',
      status: 'unknown',
      outcome: 'unknown',
      reason: 'upstream_timeout',
      attempts: 2,
      duration_ms: 2.1,
    },
  ]);
});

test('facts holds what was learned last', () => {
  const { trail } = begin();
  trail.learn({ clientAddress: ADDRESS });
  trail.learn({ principal: PRINCIPAL });
  assert.deepEqual(trail.facts, { clientAddress: ADDRESS, principal: PRINCIPAL });
});

const TARGETS = [
  ['/metrics/job/a\u202eb', '/metrics/job/a\\u{202e}b'],
  ['/metrics/job/x?token=secret', '/metrics/job/x'],
  ['/metrics/job/x#secret?y', '/metrics/job/x'],
  ['http://user:secret@h/metrics/job/x?y', 'http://…@h/metrics/job/x'],
  ['*', '*'],
  ['', ''],
] as const;
for (const [rawTarget, target] of TARGETS) {
  test(`a refused ${JSON.stringify(rawTarget)} is recorded as ${JSON.stringify(target)}`, () => {
    assert.equal(refused({ rawTarget }).target, target);
  });
}

test('a refused target is recorded in at most 256 bytes', () => {
  const { target } = refused({ rawTarget: `/${'é'.repeat(500)}` });
  assert.ok(Buffer.byteLength(target) <= 256);
  assert.ok(target.endsWith('…'));
});

test('a hostile method and user agent are recorded printable and cut', () => {
  const userAgent = `\x1b[2J${'a'.repeat(400)}`;
  const record = refused({ method: 'M'.repeat(5000), headers: { userAgent } });
  assert.equal(record.method, `${'M'.repeat(13)}…`);
  assert.match(record.user_agent ?? '', /^\\u\{1b\}\[2Ja+…$/);
  assert.ok(Buffer.byteLength(record.user_agent ?? '') <= 256);
});

test('a peer without an address is recorded as unknown', () => {
  assert.equal(refused({ peerAddress: undefined }).peer_ip, 'unknown');
});

test('an IPv4 peer of a socket for both families is recorded as what client_ip would say', () => {
  assert.equal(refused({ peerAddress: '::ffff:10.1.2.3' }).peer_ip, '10.1.2.3');
});

test('a record holds nothing of the credential that was sent', () => {
  assert.doesNotMatch(JSON.stringify(refused({})), /secret/);
});

test('a decision about a push names the families and labels of its body, 20 of each', async () => {
  const { trail, appended } = begin();
  const many = (what: string) => Array.from({ length: 23 }, (_, index) => `${what}${index}`);
  const content = { bodyBytes: 5, decodedBytes: 9, series: 2 };
  trail.learn({ content: { ...content, families: ['a'], labelNames: ['l'] } });
  await trail.recordAllowed();
  trail.learn({ content: { ...content, families: many('f'), labelNames: many('l') } });
  await trail.recordAllowed();
  const [few, more] = appended;
  assert.ok(few?.event === 'decision' && more?.event === 'decision');
  assert.deepEqual([few.families, few.label_names], [['a'], ['l']]);
  assert.deepEqual([few.families_more, few.label_names_more], [undefined, undefined]);
  assert.deepEqual([more.families?.length, more.families_more], [20, 3]);
  assert.deepEqual([more.label_names?.length, more.label_names_more], [20, 3]);
});

test('a refusal says what it was about, in under 200 bytes and never what is for the log', () => {
  const { trail, recorded } = begin();
  trail.recordInPassing(
    deny('label_not_allowed', { detail: `label "é" ${'x'.repeat(500)}`, internal: 'secret' }),
  );
  const [event] = recorded;
  assert.ok(event?.event === 'decision');
  assert.match(event.detail ?? '', /^label "é" x+…$/);
  assert.ok(Buffer.byteLength(event.detail ?? '') < 200);
  assert.doesNotMatch(JSON.stringify(event), /secret/);
});

test('an outcome that nobody knows is a word where the status is missing', async () => {
  const { trail, appended } = begin({}, [0, 1]);
  await trail.recordOutcome({ status: 'unknown' });
  const [event] = appended;
  assert.ok(event?.event === 'outcome');
  assert.deepEqual([event.status, event.outcome], ['unknown', 'unknown']);
});
