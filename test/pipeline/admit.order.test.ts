import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deny } from '../../src/core/decision.ts';
import type { Reason } from '../../src/core/reason.ts';
import { CHECKS, type CheckName } from '../../src/core/request/checks.ts';
import { runAdmission, type SetupChange } from '../support/admission-stage.ts';
import { denied } from '../support/decision.ts';

/**
 * The order of the checks is the security property: who is refused learns nothing of what comes
 * after, and costs nothing of it. Every step is made to refuse alone, and beside every later one.
 */

/** Ports in the order of the pipeline: how far a request got. */
const NOBODY: readonly string[] = [];
const KNOWN = ['authenticate'];
const ENTERED = [...KNOWN, 'enter'];
const READ = [...ENTERED, 'open', 'readBody'];
const DECODED = [...READ, 'decode'];
const RECORDED = [...DECODED, 'append'];

const READS: SetupChange = {
  method: 'GET',
  rawTarget: '/metrics',
  rawHeaders: [['Host', 'h']],
  team: { jobs: ['*'] },
};
const ACTIONS = { push: {}, delete: { method: 'DELETE' }, read: READS } as const;
for (const [action, change] of Object.entries(ACTIONS)) {
  test(`admit makes the checks of a ${action} row by row as the table has them`, async () => {
    const { checks } = await runAdmission(change);
    const rows = CHECKS.filter(({ actions }) => actions.some((one) => one === action));
    // A read is held against it as well, before anybody knows that it is one.
    const early = (name: CheckName): boolean => name !== 'cross_site' || action !== 'read';
    assert.deepEqual(
      checks.filter(early),
      rows.map(({ name }) => name),
    );
  });
}

function reasonsOf(name: CheckName | undefined): readonly Reason[] {
  return CHECKS.find((row) => row.name === name)?.reasons ?? [];
}

/** Something that makes one step refuse, and the ports that were asked until then. */
type Fault = readonly [what: string, reason: Reason, asked: readonly string[], change: SetupChange];

const FAULTS: readonly Fault[] = [
  ['a shutdown', 'draining', NOBODY, { isDraining: true }],
  ['another HTTP version', 'request_malformed', NOBODY, { httpVersion: '2.0' }],
  ['a denied network', 'network_not_allowed', NOBODY, { denyNetworks: ['10.0.0.0/8'] }],
  [
    'a wrong credential',
    'credential_invalid',
    KNOWN,
    { authentication: deny('credential_invalid') },
  ],
  ['a page as the sender', 'cross_site', KNOWN, { headers: { origin: 'https://evil.example' } }],
  ['a method that no push has', 'method_not_allowed', KNOWN, { method: 'PATCH' }],
  ['an ambiguous target', 'target_invalid', KNOWN, { rawTarget: '/metrics/job/batch/env/dev/' }],
  ['a missing permission', 'permission_missing', KNOWN, { team: { allow: ['delete', 'read'] } }],
  ['a foreign job', 'job_not_allowed', KNOWN, { team: { jobs: ['other'] } }],
  ["a network not the team's", 'network_not_allowed', KNOWN, { team: { allowNetworks: [] } }],
  ['a foreign label', 'label_not_allowed', KNOWN, { team: { labels: { env: ['prod'] } } }],
  ['a missing label', 'label_required', KNOWN, { team: { requireLabels: ['instance'] } }],
  ['a declared size over the limit', 'body_too_large', KNOWN, { limits: { body: 29 } }],
  ['an unknown encoding', 'encoding_not_supported', KNOWN, { headers: { contentEncoding: 'br' } }],
  ['a rate over the limit', 'rate_limited', ENTERED, { entrance: deny('rate_limited') }],
  ['a body that does not arrive', 'body_timeout', READ, { sent: deny('body_timeout') }],
  ['a spent byte budget', 'overloaded', READ, { hasBytesLeft: false }],
  ['a gzip bomb', 'decoded_too_large', DECODED, { decoded: deny('decoded_too_large') }],
  ['too many series', 'too_many_series', DECODED, { limits: { series: 0 } }],
  [
    'a denied metric',
    'metric_not_allowed',
    DECODED,
    { team: { metrics: { deny: ['batch_*'], own: [] } } },
  ],
  ['an audit log that fails', 'audit_unavailable', RECORDED, { isAuditBroken: true }],
];

for (const [what, reason, asked, change] of FAULTS) {
  test(`admit denies ${what} and asks no port beyond [${asked}]`, async () => {
    const { decision, calls, checks, heldAfter } = await runAdmission(change);
    assert.equal(denied(decision).reason, reason);
    assert.deepEqual(calls, asked);
    assert.ok(reasonsOf(checks.at(-1)).includes(reason));
    assert.equal(heldAfter, 0);
  });
}

for (const [index, [what, reason, asked, change]] of FAULTS.entries()) {
  for (const [laterWhat, , , laterChange] of FAULTS.slice(index + 1)) {
    test(`admit denies ${what} before ${laterWhat}`, async () => {
      const { decision, calls } = await runAdmission(laterChange, change);
      assert.equal(denied(decision).reason, reason);
      assert.deepEqual(calls, asked);
    });
  }
}

const DELETE: SetupChange = { method: 'DELETE' };
const DELETE_FAULTS: readonly (readonly [reason: Reason, change: SetupChange])[] = [
  ['cross_site', { headers: { secFetchSite: 'same-origin' } }],
  ['target_invalid', { rawTarget: '/metrics/job/batch?' }],
  ['permission_missing', { team: { allow: ['push', 'read'] } }],
  ['job_not_allowed', { team: { jobs: ['other'] } }],
  ['too_many_concurrent', { entrance: deny('too_many_concurrent') }],
  ['audit_unavailable', { isAuditBroken: true }],
];
for (const [index, [reason, change]] of DELETE_FAULTS.entries()) {
  test(`admit denies a delete for ${reason} before whatever comes after`, async () => {
    const later = DELETE_FAULTS.slice(index + 1).map(([, laterChange]) => laterChange);
    const { decision, heldAfter } = await runAdmission(DELETE, ...later, change);
    assert.equal(denied(decision).reason, reason);
    assert.equal(heldAfter, 0);
  });
}

const UNKNOWN_PATHS = ['/-/quit', '/api/v1/admin/wipe', '/debug/pprof/heap', '/'];
for (const rawTarget of UNKNOWN_PATHS) {
  test(`admit says that there is no ${rawTarget} only to who proved to be somebody`, async () => {
    const reasonWith = async (change: SetupChange) =>
      denied((await runAdmission({ rawTarget }, change)).decision).reason;
    assert.equal(await reasonWith({}), 'endpoint_not_found');
    assert.equal(await reasonWith({ authentication: undefined }), 'credential_invalid');
    assert.equal(await reasonWith({ headers: { authorization: undefined } }), 'credential_missing');
  });
}
