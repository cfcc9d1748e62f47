import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, type Decision, deny } from '../../../src/core/decision.ts';
import { parseIpAddress } from '../../../src/core/network/ip-address.ts';
import {
  type Attributes,
  authorize,
  compilePolicy,
  POLICY_CHECKS,
  type PolicyCheck,
  type TeamPolicy,
} from '../../../src/core/policy/policy.ts';
import { ACTIONS, type TeamSpec } from '../../../src/core/policy/policy-spec.ts';
import type { GroupingKey } from '../../../src/core/target/grouping-key.ts';
import { allowed, denied } from '../../support/decision.ts';
import { teamSpec } from '../../support/team-spec.ts';

function policyOf(spec: Partial<TeamSpec>): TeamPolicy {
  const team = compilePolicy([teamSpec(spec)]).team('payments');
  assert.ok(team);
  return team;
}

function key(job: string, labels: Readonly<Record<string, string>> = {}): GroupingKey {
  return { job, labels: Object.entries(labels).map(([name, value]) => ({ name, value })) };
}

const address = parseIpAddress('10.1.2.3') ?? assert.fail();
const PUSH: Attributes = { action: 'push', address, key: key('batch') };
const DELETE: Attributes = { ...PUSH, action: 'delete' };
const READ: Attributes = { action: 'read', address };

/** What one check says, by its name. */
function check(
  name: PolicyCheck['name'],
  spec: Partial<TeamSpec>,
  attributes: Attributes,
): Decision<string> {
  const found = POLICY_CHECKS.find((row) => row.name === name) ?? assert.fail();
  return found.check(policyOf(spec), attributes);
}

const NO_PERMISSION = (action: string, allowed: string) =>
  deny('permission_missing', {
    detail: `the credential may not ${action}`,
    hints: [`it may: ${allowed}`],
    ...(action !== 'push' && { isFirm: true }),
  });
const EVERYTHING: Partial<TeamSpec> = { allow: ['read'], jobs: ['*'] };

type Row = readonly [
  what: string,
  name: PolicyCheck['name'],
  spec: Partial<TeamSpec>,
  attributes: Attributes,
  decision: Decision<string>,
];

const ROWS: readonly Row[] = [
  ['a push with push', 'permission', { allow: ['push'] }, PUSH, allow('allow: push')],
  [
    'a push without push',
    'permission',
    { allow: ['delete', 'read'] },
    PUSH,
    NO_PERMISSION('push', 'delete, read'),
  ],
  ['a delete with delete', 'permission', { allow: ['delete'] }, DELETE, allow('allow: delete')],
  [
    'a delete with push',
    'permission',
    { allow: ['push'] },
    DELETE,
    NO_PERMISSION('delete', 'push'),
  ],
  ['a push with nothing', 'permission', { allow: [] }, PUSH, NO_PERMISSION('push', 'none')],
  ['a read with read on *', 'permission', EVERYTHING, READ, allow('allow: read')],
  [
    'a read without read',
    'permission',
    { jobs: ['*'], allow: ['push'] },
    READ,
    NO_PERMISSION('read', 'push'),
  ],
  [
    'a read on some jobs',
    'permission',
    { allow: ['read'], jobs: ['a*'] },
    READ,
    allow('allow: read'),
  ],
  ['a job by its name', 'job', { jobs: ['x', 'batch'] }, PUSH, allow('jobs[1] "batch"')],
  ['a job by the first glob', 'job', { jobs: ['ba*', '*h'] }, PUSH, allow('jobs[0] "ba*"')],
  [
    'a foreign job',
    'job',
    { jobs: ['payments_*', 'Batch', 'batc', 'batch_'] },
    PUSH,
    deny('job_not_allowed', {
      detail: 'the credential may not use job "batch"',
      hints: ['jobs it may use: payments_*, Batch, batc, batch_'],
    }),
  ],
  [
    'a job with a control character',
    'job',
    {},
    { ...PUSH, key: key('a\nb') },
    deny('job_not_allowed', {
      detail: 'the credential may not use job "a\\u{a}b"',
      hints: ['jobs it may use: batch'],
    }),
  ],
  ['a read', 'job', { jobs: [] }, READ, allow('reads name no job')],
  ['any network', 'network', {}, PUSH, allow('the team is not bound to networks')],
  [
    'a network of the team',
    'network',
    { allowNetworks: ['192.0.2.0/24', '10.0.0.0/8'] },
    PUSH,
    allow('allow_networks: 10.1.2.3'),
  ],
  [
    'another network',
    'network',
    { allowNetworks: ['192.0.2.0/24'] },
    READ,
    deny('network_not_allowed', 'the credential may not be used from 10.1.2.3'),
  ],
  [
    'no network at all',
    'network',
    { allowNetworks: [] },
    PUSH,
    deny('network_not_allowed', 'the credential may not be used from 10.1.2.3'),
  ],
  ['labels without conditions', 'labels', {}, PUSH, allow('no label is bound to values')],
  [
    'a condition on an absent label',
    'labels',
    { labels: { env: ['prod'] } },
    PUSH,
    allow('no label is bound to values'),
  ],
  [
    'values that match',
    'labels',
    { labels: { env: ['prod', 'stag*'], zone: ['*'] } },
    { ...PUSH, key: key('batch', { env: 'staging', instance: 'i', zone: 'z' }) },
    allow('labels.env[1] "stag*", labels.zone[0] "*"'),
  ],
  [
    'a value that does not match',
    'labels',
    { labels: { env: ['prod'], zone: ['*'] } },
    { ...PUSH, key: key('batch', { env: 'Prod', zone: 'z' }) },
    deny('label_not_allowed', {
      detail: 'label env may not be "Prod"',
      hints: ['values it may have: prod'],
    }),
  ],
  [
    'an empty value on delete',
    'labels',
    { labels: { env: ['prod'] } },
    { ...DELETE, key: key('batch', { env: '' }) },
    deny('label_not_allowed', {
      detail: 'label env may not be ""',
      hints: ['values it may have: prod'],
    }),
  ],
  ['a read', 'labels', { labels: { env: ['prod'] } }, READ, allow('no label is bound to values')],
  ['a push with no required label', 'required_labels', {}, PUSH, allow('require_labels: none')],
  [
    'a push with every required label',
    'required_labels',
    { requireLabels: ['instance', 'zone'] },
    { ...PUSH, key: key('batch', { zone: 'z', instance: 'i' }) },
    allow('require_labels: instance, zone'),
  ],
  [
    'a push without a required label',
    'required_labels',
    { requireLabels: ['instance', 'zone'] },
    { ...PUSH, key: key('batch', { instance: 'i' }) },
    deny('label_required', {
      detail: 'the grouping key needs the label zone',
      hints: ['push to /metrics/job/<JOB>/zone/<VALUE>'],
    }),
  ],
  [
    'a delete without a required label',
    'required_labels',
    { requireLabels: ['instance'] },
    DELETE,
    allow('only pushes must have labels'),
  ],
  [
    'a read',
    'required_labels',
    { requireLabels: ['instance'] },
    READ,
    allow('only pushes must have labels'),
  ],
];
for (const [what, name, spec, attributes, decision] of ROWS) {
  const verb = decision.effect === 'allow' ? 'allows' : 'denies';
  test(`the check "${name}" ${verb} ${what}`, () => {
    assert.deepEqual(check(name, spec, attributes), decision);
  });
}

/** A team and a push that every check denies, each for its own reason. */
const HOPELESS: Partial<TeamSpec> = {
  allow: [],
  jobs: ['other'],
  allowNetworks: [],
  labels: { env: ['prod'] },
  requireLabels: ['instance'],
};
const HOPELESS_PUSH: Attributes = { ...PUSH, key: key('batch', { env: 'dev' }) };
const CURES: readonly (readonly [reason: string, cure: Partial<TeamSpec>])[] = [
  ['permission_missing', { allow: ['push'] }],
  ['job_not_allowed', { jobs: ['batch'] }],
  ['network_not_allowed', { allowNetworks: ['10.0.0.0/8'] }],
  ['label_not_allowed', { labels: { env: ['dev'] } }],
  ['label_required', { requireLabels: ['env'] }],
];
for (const [index, [reason]] of CURES.entries()) {
  test(`authorize denies for ${reason} before it looks at what comes after`, () => {
    const cured = CURES.slice(0, index).map(([, cure]) => cure);
    const team = policyOf(Object.assign({}, HOPELESS, ...cured));
    assert.equal(denied(authorize(team, HOPELESS_PUSH)).reason, reason);
  });
}

test('authorize allows with the team once every check allows', () => {
  const team = policyOf(Object.assign({}, HOPELESS, ...CURES.map(([, cure]) => cure)));
  assert.equal(allowed(authorize(team, HOPELESS_PUSH)), team);
});

for (const action of ACTIONS) {
  test(`authorize lets a team with no permission ${action} nothing`, () => {
    const team = policyOf({ allow: [], jobs: ['*'] });
    const attributes = action === 'read' ? READ : { ...PUSH, action };
    assert.equal(denied(authorize(team, attributes)).reason, 'permission_missing');
  });
}

test('compilePolicy knows the teams by name and no other', () => {
  const policy = compilePolicy([teamSpec({ name: 'a' }), teamSpec({ name: 'b', jobs: ['x'] })]);
  assert.equal(policy.team('b')?.jobs.matcher.matches('x'), true);
  for (const name of ['', 'c', 'A', '__proto__', 'constructor', 'toString']) {
    assert.equal(policy.team(name), undefined);
  }
});

test('compilePolicy freezes what it compiles and names the labels it watches', () => {
  const team = policyOf({ labels: { env: ['prod'], zone: ['*'] } });
  assert.ok(Object.isFrozen(team));
  assert.deepEqual([...team.watchedLabels], ['env', 'zone']);
});

test('compilePolicy gives a team the names that others own, and not its own', () => {
  const rules = (own: readonly string[]) => ({ metrics: { deny: [], own } });
  const policy = compilePolicy([
    teamSpec({ name: 'a', ...rules(['a_*']) }),
    teamSpec({ name: 'b', ...rules(['b_*']) }),
  ]);
  const { explain } = policy.team('a')?.families ?? assert.fail();
  const details = ['a_x', 'b_x', 'a_x'].map((name) => explain({ name, type: 'gauge' })?.detail);
  assert.deepEqual(details, [undefined, 'metric "b_x" belongs to another team', undefined]);
});
