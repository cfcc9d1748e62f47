import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, deny } from '../../src/core/decision.ts';
import {
  runAdmission,
  type SetupChange,
  STAGE_TIME,
  UPSTREAM_TIMEOUT_MS,
} from '../support/admission-stage.ts';
import { allowed, denied } from '../support/decision.ts';
import { teamSpec } from '../support/team-spec.ts';

const DEADLINE = STAGE_TIME + UPSTREAM_TIMEOUT_MS;

test('admit allows a push with all that is needed to forward it', async () => {
  const { decision, calls, bodyBounds } = await runAdmission();
  assert.partialDeepStrictEqual(allowed(decision), {
    kind: 'push',
    method: 'POST',
    target: {
      key: { job: 'batch', labels: [{ name: 'env', value: 'dev' }] },
      canonical: '/metrics/job/batch/env/dev',
    },
    mediaType: 'text',
    body: Buffer.from('batch_size 7\n'),
    deadline: DEADLINE,
  });
  assert.deepEqual(calls, ['authenticate', 'enter', 'open', 'readBody', 'decode', 'append']);
  assert.deepEqual(bodyBounds, [{ contentLength: 30, maxBytes: 65_536, timeoutMs: 30_000 }]);
});

test('admit holds its leases until the end of the request and no longer', async () => {
  const { heldBefore, heldAfter } = await runAdmission();
  assert.deepEqual([heldBefore, heldAfter], [4, 0]);
});

test('admit records an allowed push before it returns, with what it learned', async () => {
  const { events } = await runAdmission();
  assert.deepEqual(events, [
    {
      event: 'decision',
      request_id: '01JD',
      client_ip: '10.1.2.3',
      peer_ip: '10.1.2.3',
      team: 'payments',
      credential: 'nightly',
      scheme: 'token',
      method: 'POST',
      target: '/metrics/job/batch/env/dev',
      job: 'batch',
      grouping_key: { env: 'dev' },
      body_bytes: 30,
      decoded_bytes: 13,
      series: 1,
      families: ['batch_size'],
      decision: 'allow',
      reason: 'ok',
      user_agent: 'curl/8.5',
    },
  ]);
});

test('admit reads the configuration once, so that a reload cannot split a decision', async () => {
  assert.equal((await runAdmission()).snapshotReads, 1);
});

test('admit lets a broken authenticator surface', async () => {
  const change = { authentication: new Error('broken') };
  await assert.rejects(runAdmission(change), { message: 'broken' });
});

test('admit has no answer but internal_error for a team without a policy', async () => {
  const principal = { team: 'ghost', credential: 'c', scheme: 'token' } as const;
  const { decision, calls } = await runAdmission({ authentication: allow(principal) });
  assert.equal(denied(decision).reason, 'internal_error');
  assert.deepEqual(calls, ['authenticate']);
});

const EMPTYING = [
  ['PUT', '', true],
  ['PUT', '# HELP a b\n', true],
  ['PUT', 'a 1\n', undefined],
  ['POST', '', undefined],
] as const;
for (const [method, text, empties] of EMPTYING) {
  const effect = empties ? 'one that empties the group' : 'no more than that';
  test(`admit records a ${method} of ${JSON.stringify(text)} as ${effect}`, async () => {
    const { decision, events, calls } = await runAdmission({
      method,
      team: teamSpec({ allow: ['push', 'delete'], emptyPushes: 'allow' }),
      headers: { contentEncoding: undefined },
      sent: allow(Buffer.from(text)),
    });
    assert.equal(allowed(decision).kind, 'push');
    assert.equal(events[0]?.event === 'decision' && events[0].empties_group, empties);
    assert.ok(!calls.includes('decode'));
  });
}

test('admit reads a chunked push under the same bounds, its length unknown', async () => {
  const { decision, bodyBounds } = await runAdmission({
    rawHeaders: [
      ['Host', 'h'],
      ['Transfer-Encoding', 'chunked'],
    ],
  });
  assert.equal(decision.effect, 'allow');
  const bounds = { contentLength: undefined, maxBytes: 65_536, timeoutMs: 30_000 };
  assert.deepEqual(bodyBounds, [bounds]);
});

test('admit allows a delete without reading its body, recorded and limited as a push', async () => {
  const { decision, calls, heldBefore, heldAfter } = await runAdmission({
    method: 'DELETE',
    rawTarget: '/metrics/job/batch/env@base64/=',
  });
  assert.partialDeepStrictEqual(allowed(decision), {
    kind: 'delete',
    target: {
      key: { job: 'batch', labels: [{ name: 'env', value: '' }] },
      canonical: '/metrics/job/batch/env@base64/=',
    },
    deadline: DEADLINE,
  });
  assert.deepEqual(calls, ['authenticate', 'enter', 'append']);
  assert.deepEqual([heldBefore, heldAfter], [3, 0]);
});

const READ: SetupChange = {
  method: 'GET',
  rawTarget: '/metrics?name[]=up',
  rawHeaders: [['Host', 'h']],
  headers: { origin: 'https://grafana.example' },
  team: { jobs: ['*'] },
};

test('admit allows a read, which no limit holds up and no audit log delays', async () => {
  const busy: SetupChange = { isAuditBroken: true, entrance: deny('rate_limited') };
  const { decision, calls, events } = await runAdmission(READ, busy);
  const { upstream: _, ...read } = allowed(decision);
  assert.ok('scope' in read);
  const { scope, expiry, ...rest } = read;
  assert.equal(scope.seesEverything, true);
  assert.equal(typeof expiry, 'function');
  assert.deepEqual(rest, { kind: 'read', path: '/metrics', deadline: DEADLINE });
  assert.deepEqual(calls, ['authenticate', 'record']);
  assert.equal(events[0]?.event === 'decision' && events[0].target, '/metrics');
});

test('admit allows a team of some jobs to read what is of them', async () => {
  const { decision } = await runAdmission(READ, { team: { jobs: ['batch'] } });
  const read = allowed(decision);
  assert.ok('scope' in read);
  assert.equal(read.scope.seesEverything, false);
  assert.equal(read.scope.sees(new Map([['job', 'batch']])), true);
  assert.equal(read.scope.sees(new Map([['job', 'other']])), false);
});

for (const header of [
  ['Content-Length', '1'],
  ['Transfer-Encoding', 'chunked'],
] as const) {
  test(`admit denies a read that has a body by ${header[0]}`, async () => {
    const { decision } = await runAdmission(READ, { rawHeaders: [['Host', 'h'], header] });
    const { reason, detail } = denied(decision);
    assert.deepEqual([reason, detail], ['request_malformed', 'a read takes no body']);
  });
}
