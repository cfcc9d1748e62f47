import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, deny } from '../../src/core/decision.ts';
import type { Reason } from '../../src/core/reason.ts';
import {
  type AdmissionSetup,
  admissibleSetup,
  runAdmission,
  STAGE_TIME,
  UPSTREAM_TIMEOUT_MS,
} from '../support/admission-stage.ts';
import { allowed, denied } from '../support/decision.ts';

/** Something that makes one step refuse, whatever else is wrong with the request. */
interface Fault {
  readonly what: string;
  readonly reason: Reason;
  readonly plant: (setup: AdmissionSetup) => void;
  /** How far the request gets: the ports asked until it is refused. */
  readonly asked: readonly string[];
}

const KNOWN = ['authenticate'];
const ENTERED = [...KNOWN, 'enter'];
const READ = [...ENTERED, 'open', 'readBody'];
const DECODED = [...READ, 'decode'];
const RECORDED = [...DECODED, 'append'];

/** In the order of the contract, section 4. */
const FAULTS: readonly Fault[] = [
  {
    what: 'a gateway that is shutting down',
    reason: 'draining',
    plant: (setup) => {
      setup.isDraining = true;
    },
    asked: [],
  },
  {
    what: 'a second Host header',
    reason: 'request_malformed',
    plant: (setup) => {
      setup.rawHeaders.push(['Host', 'evil.example']);
    },
    asked: [],
  },
  {
    what: 'a denied network',
    reason: 'network_not_allowed',
    plant: (setup) => {
      setup.denyNetworks.push('10.0.0.0/8');
    },
    asked: [],
  },
  {
    what: 'a wrong credential',
    reason: 'credential_invalid',
    plant: (setup) => {
      setup.authentication = deny('credential_invalid');
    },
    asked: KNOWN,
  },
  {
    what: 'a page as the sender',
    reason: 'cross_site',
    plant: (setup) => {
      setup.headers.origin = 'https://evil.example';
    },
    asked: KNOWN,
  },
  {
    what: 'a method that no path takes',
    reason: 'method_not_allowed',
    plant: (setup) => {
      setup.method = 'PATCH';
    },
    asked: KNOWN,
  },
  {
    what: 'an ambiguous target',
    reason: 'target_invalid',
    plant: (setup) => {
      setup.rawTarget += '/';
    },
    asked: KNOWN,
  },
  {
    what: 'a team that may not push',
    reason: 'permission_missing',
    plant: (setup) => {
      setup.team.allow = ['delete', 'read'];
    },
    asked: KNOWN,
  },
  {
    what: 'a foreign job',
    reason: 'job_not_allowed',
    plant: (setup) => {
      setup.team.jobs = ['other'];
    },
    asked: KNOWN,
  },
  {
    what: 'a network that the team may not use',
    reason: 'network_not_allowed',
    plant: (setup) => {
      setup.team.allowNetworks = [];
    },
    asked: KNOWN,
  },
  {
    what: 'a label value that the team may not use',
    reason: 'label_not_allowed',
    plant: (setup) => {
      setup.team.labels = { env: ['prod'] };
    },
    asked: KNOWN,
  },
  {
    what: 'a required label that is missing',
    reason: 'label_required',
    plant: (setup) => {
      setup.team.requireLabels = ['instance'];
    },
    asked: KNOWN,
  },
  {
    what: 'a declared size over the limit',
    reason: 'body_too_large',
    plant: (setup) => {
      setup.team.limits = { ...setup.team.limits, body: 29 };
    },
    asked: KNOWN,
  },
  {
    what: 'an unknown encoding',
    reason: 'encoding_not_supported',
    plant: (setup) => {
      setup.headers.contentEncoding = 'br';
    },
    asked: KNOWN,
  },
  {
    what: 'a team that pushes too often',
    reason: 'rate_limited',
    plant: (setup) => {
      setup.entrance = deny('rate_limited');
    },
    asked: ENTERED,
  },
  {
    what: 'a body that does not arrive',
    reason: 'body_timeout',
    plant: (setup) => {
      setup.sent = deny('body_timeout');
    },
    asked: READ,
  },
  {
    what: 'a spent byte budget',
    reason: 'overloaded',
    plant: (setup) => {
      setup.hasBytesLeft = false;
    },
    asked: READ,
  },
  {
    what: 'a body that decodes to too much',
    reason: 'decoded_too_large',
    plant: (setup) => {
      setup.decoded = deny('decoded_too_large');
    },
    asked: DECODED,
  },
  {
    what: 'too many series',
    reason: 'too_many_series',
    plant: (setup) => {
      setup.team.limits = { ...setup.team.limits, series: 0 };
    },
    asked: DECODED,
  },
  {
    what: 'a denied metric',
    reason: 'metric_not_allowed',
    plant: (setup) => {
      setup.team.metrics = { deny: ['batch_*'], own: [] };
    },
    asked: DECODED,
  },
  {
    what: 'an audit log that cannot be written',
    reason: 'audit_unavailable',
    plant: (setup) => {
      setup.isAuditBroken = true;
    },
    asked: RECORDED,
  },
];

function setupWith(...faults: readonly Pick<Fault, 'plant'>[]): AdmissionSetup {
  const setup = admissibleSetup();
  for (const { plant } of faults) plant(setup);
  return setup;
}

for (const fault of FAULTS) {
  test(`admit denies ${fault.what} and asks nothing beyond [${fault.asked}]`, async () => {
    const { decision, calls, heldAfter } = await runAdmission(setupWith(fault));
    assert.equal(denied(decision).reason, fault.reason);
    assert.deepEqual(calls, fault.asked);
    assert.equal(heldAfter, 0);
  });
}

for (const [index, earlier] of FAULTS.entries()) {
  for (const later of FAULTS.slice(index + 1)) {
    test(`admit denies ${earlier.what} before ${later.what}`, async () => {
      const { decision, calls } = await runAdmission(setupWith(later, earlier));
      assert.equal(denied(decision).reason, earlier.reason);
      assert.deepEqual(calls, earlier.asked);
    });
  }
}

test('admit allows a push with all that is needed to forward it', async () => {
  const { decision, calls, heldBefore, heldAfter, bodyBounds } = await runAdmission(
    admissibleSetup(),
  );
  const admission = allowed(decision);
  assert.deepEqual(admission, {
    kind: 'push',
    method: 'POST',
    target: {
      key: { job: 'batch', labels: [{ name: 'env', value: 'dev' }] },
      canonical: '/metrics/job/batch/env/dev',
    },
    mediaType: 'text',
    body: Buffer.from('batch_size 7\n'),
    deadline: STAGE_TIME + UPSTREAM_TIMEOUT_MS,
  });
  assert.deepEqual(calls, RECORDED);
  assert.deepEqual(bodyBounds, [{ contentLength: 30, maxBytes: 65_536, timeoutMs: 30_000 }]);
  assert.deepEqual([heldBefore, heldAfter], [2, 0]);
});

test('admit records an allowed push before it returns, with what it learned', async () => {
  const { events } = await runAdmission(admissibleSetup());
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
      decision: 'allow',
      reason: 'ok',
      user_agent: 'curl/8.5',
    },
  ]);
});

test('admit reads the configuration once, so that a reload cannot split a decision', async () => {
  const { snapshotReads } = await runAdmission(admissibleSetup());
  assert.equal(snapshotReads, 1);
});

test('admit lets a broken authenticator surface and asks nothing else', async () => {
  const setup = admissibleSetup();
  setup.authentication = new Error('broken');
  await assert.rejects(runAdmission(setup), { message: 'broken' });
});

test('admit has no answer but internal_error for a team without a policy', async () => {
  const setup = admissibleSetup();
  setup.authentication = allow({ team: 'ghost', credential: 'c', scheme: 'token' });
  const { decision, calls } = await runAdmission(setup);
  assert.equal(denied(decision).reason, 'internal_error');
  assert.deepEqual(calls, KNOWN);
});

/** An uncompressed push of `text`. */
function plainSetup(method: string, text: string): AdmissionSetup {
  const setup = admissibleSetup();
  setup.method = method;
  setup.headers.contentEncoding = undefined;
  setup.sent = allow(Buffer.from(text));
  return setup;
}

const EMPTYING = [
  ['PUT', '', true],
  ['PUT', '# HELP a b\n', true],
  ['PUT', 'a 1\n', undefined],
  ['POST', '', undefined],
] as const;
for (const [method, text, empties] of EMPTYING) {
  const effect = empties ? 'one that empties the group' : 'no more than that';
  test(`admit records a ${method} of ${JSON.stringify(text)} as ${effect}`, async () => {
    const { decision, events, calls } = await runAdmission(plainSetup(method, text));
    assert.equal(allowed(decision).kind, 'push');
    const [event] = events;
    assert.equal(event?.event === 'decision' && event.empties_group, empties);
    assert.ok(!calls.includes('decode'));
  });
}

test('admit reads a chunked push under the same bounds, its length unknown', async () => {
  const setup = admissibleSetup();
  setup.rawHeaders = [
    ['Host', 'h'],
    ['Transfer-Encoding', 'chunked'],
  ];
  const { decision, bodyBounds } = await runAdmission(setup);
  assert.equal(decision.effect, 'allow');
  const bounds = { contentLength: undefined, maxBytes: 65_536, timeoutMs: 30_000 };
  assert.deepEqual(bodyBounds, [bounds]);
});

function deleteSetup(): AdmissionSetup {
  const setup = admissibleSetup();
  setup.method = 'DELETE';
  setup.rawTarget = '/metrics/job/batch/env@base64/=';
  return setup;
}

test('admit allows a delete without reading its body, recorded and limited as a push', async () => {
  const { decision, calls, heldBefore, heldAfter } = await runAdmission(deleteSetup());
  assert.deepEqual(allowed(decision), {
    kind: 'delete',
    target: {
      key: { job: 'batch', labels: [{ name: 'env', value: '' }] },
      canonical: '/metrics/job/batch/env@base64/=',
    },
    deadline: STAGE_TIME + UPSTREAM_TIMEOUT_MS,
  });
  assert.deepEqual(calls, [...ENTERED, 'append']);
  assert.deepEqual([heldBefore, heldAfter], [1, 0]);
});

const DELETE_FAULTS: readonly (readonly [Reason, Fault['plant']])[] = [
  [
    'permission_missing',
    (setup) => {
      setup.team.allow = ['push', 'read'];
    },
  ],
  [
    'job_not_allowed',
    (setup) => {
      setup.team.jobs = ['other'];
    },
  ],
  [
    'too_many_concurrent',
    (setup) => {
      setup.entrance = deny('too_many_concurrent');
    },
  ],
  [
    'audit_unavailable',
    (setup) => {
      setup.isAuditBroken = true;
    },
  ],
];
for (const [index, [reason, plant]] of DELETE_FAULTS.entries()) {
  test(`admit denies a delete for ${reason} before what comes after`, async () => {
    const setup = deleteSetup();
    for (const [, later] of DELETE_FAULTS.slice(index + 1)) later(setup);
    plant(setup);
    const { decision, heldAfter } = await runAdmission(setup);
    assert.equal(denied(decision).reason, reason);
    assert.equal(heldAfter, 0);
  });
}

function readSetup(): AdmissionSetup {
  const setup = admissibleSetup();
  setup.method = 'GET';
  setup.rawTarget = '/metrics?name[]=up';
  setup.rawHeaders = [['Host', 'h']];
  setup.headers.origin = 'https://grafana.example';
  setup.team.jobs = ['*'];
  return setup;
}

test('admit allows a read, which no limit holds up and no audit log delays', async () => {
  const setup = readSetup();
  setup.isAuditBroken = true;
  setup.entrance = deny('rate_limited');
  const { decision, calls } = await runAdmission(setup);
  const deadline = STAGE_TIME + UPSTREAM_TIMEOUT_MS;
  assert.deepEqual(allowed(decision), { kind: 'read', path: '/metrics', deadline });
  assert.deepEqual(calls, ['authenticate', 'record']);
});

test('admit denies a read to a team of some jobs', async () => {
  const setup = readSetup();
  setup.team.jobs = ['batch'];
  const { decision, calls } = await runAdmission(setup);
  assert.equal(denied(decision).reason, 'permission_missing');
  assert.deepEqual(calls, KNOWN);
});

const READ_BODIES: readonly [name: string, value: string][] = [
  ['Content-Length', '1'],
  ['Transfer-Encoding', 'chunked'],
];
for (const header of READ_BODIES) {
  test(`admit denies a read that has a body by ${header[0]}`, async () => {
    const setup = readSetup();
    setup.rawHeaders.push(header);
    const { decision, events } = await runAdmission(setup);
    const { reason, detail } = denied(decision);
    assert.deepEqual([reason, detail], ['request_malformed', 'a read takes no body']);
    assert.deepEqual(events, []);
  });
}

const UNKNOWN_PATHS = ['/-/quit', '/api/v1/admin/wipe', '/debug/pprof/heap', '/'];
for (const rawTarget of UNKNOWN_PATHS) {
  test(`admit tells ${rawTarget} from a path only to who proved to be somebody`, async () => {
    const setup = admissibleSetup();
    setup.rawTarget = rawTarget;
    assert.equal(denied((await runAdmission(setup)).decision).reason, 'endpoint_not_found');
    setup.authentication = undefined;
    assert.equal(denied((await runAdmission(setup)).decision).reason, 'credential_invalid');
    setup.headers.authorization = undefined;
    assert.equal(denied((await runAdmission(setup)).decision).reason, 'credential_missing');
  });
}
