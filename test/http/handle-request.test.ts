import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit/audit-record.ts';
import { compileNetworks } from '../../src/core/network/network-set.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import { createPublicApp } from '../../src/http/app.ts';
import { createRequestHandler } from '../../src/http/handle-request.ts';
import { createResponder, type Responder } from '../../src/http/respond.ts';
import type { Gateway } from '../../src/pipeline/gateway.ts';
import type { RequestObserver } from '../../src/pipeline/ports.ts';
import { manualClock } from '../support/manual-clock.ts';
import { startServer } from './loopback-server.ts';

type RequestObservation = Parameters<RequestObserver['end']>[0];

const never = (): never => assert.fail('nothing gets this far');

const FAULT = new Error('out of the blue: token pwt_secret');

/** A gateway in which the first thing that a request needs is broken. */
function createBrokenGateway(events: AuditEvent[]): Gateway {
  const snapshot = {
    configHash: 'sha256:0',
    pathPrefix: '',
    trustedProxies: compileNetworks([]),
    allowNetworks: undefined,
    denyNetworks: compileNetworks([]),
    policy: compilePolicy([]),
    authenticators: [],
    challenges: [],
    ui: undefined,
    credentials: [],
    bodyTimeoutMs: 1,
    bodyChunks: 10_000,
  };
  return {
    snapshot: () => snapshot,
    isDraining() {
      throw FAULT;
    },
    clock: manualClock(),
    audit: { append: never, record: (event) => void events.push(event), head: never, close: never },
    teamLimiter: { enter: never },
    byteBudget: { open: never },
    parseContent: never,
    pause: never,
    decoders: { gzip: never, snappy: never },
    enterGroup: never,
    upstream: never,
    reading: never,
    readingOf: never,
  };
}

/** A pace that slows nobody down. */
const AT_ONCE = { turn: async () => undefined };

/** The public side of a broken gateway. */
async function startBroken(withFaults = (sound: Responder): Responder => sound) {
  const events: AuditEvent[] = [];
  const observed: RequestObservation[] = [];
  const logged: unknown[] = [];
  let underWay = 0;
  const gateway = createBrokenGateway(events);
  const shared = {
    gateway,
    responder: withFaults(createResponder({}, () => false)),
    log: { info() {}, warn() {}, error: (_: string, fields?: object) => void logged.push(fields) },
    createRequestId: () => '01JD',
    paces: { unknown: AT_ONCE, teams: AT_ONCE, probes: AT_ONCE },
    unproved: {
      enter: () => ({ isCrowded: false, isStale: false, prove() {}, end() {} }),
    },
    observer: {
      begin() {
        underWay += 1;
      },
      end(observation: RequestObservation) {
        underWay -= 1;
        observed.push(observation);
      },
    },
  };
  const certificates = { of: () => undefined };
  const activity = {
    noteUse() {},
    noteRefusal() {},
    refusals: () => [],
    lastUse: () => undefined,
  };
  const handleRequest = createRequestHandler({ ...shared, activity, certificates });
  const page = { takes: () => false, handle: never };
  const health = { challenges: () => [], pathPrefix: () => '', isReady: () => true };
  const app = createPublicApp({ ...shared, ...health, page, handleRequest });
  return { ...(await startServer(app)), events, observed, logged, underWay: () => underWay };
}

test('what breaks in a port is answered 500, logged, audited and counted', async () => {
  await using broken = await startBroken();
  const answer = await fetch(`${broken.url}/metrics/job/etl`, { method: 'PUT' });
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /^internal_error: the gateway failed \(01JD\)\n/);
  assert.deepEqual(broken.logged, [{ request_id: '01JD', error: FAULT }]);
  const [event, ...more] = broken.events;
  assert.ok(event?.event === 'decision');
  assert.deepEqual([event.decision, event.reason, more], ['deny', 'internal_error', []]);
  const { reason, status } = broken.observed[0] ?? {};
  assert.deepEqual([reason, status, broken.underWay()], ['internal_error', 500, 0]);
});

test('a target that Express cannot take apart is answered all the same', async () => {
  await using broken = await startBroken();
  const answer = await fetch(`${broken.url}/%zz`, { method: 'PUT' });
  assert.equal(answer.status, 500);
  assert.equal(broken.observed.length, 1);
});

test('an answer that cannot be written once is written in other words', async () => {
  let faults = 1;
  await using broken = await startBroken((sound) => ({
    ...sound,
    refuse(...args) {
      faults -= 1;
      if (faults >= 0) throw new Error('an answer that cannot be rendered');
      sound.refuse(...args);
    },
  }));
  const answer = await fetch(`${broken.url}/metrics/job/etl`, { method: 'PUT' });
  assert.match(await answer.text(), /^internal_error: the gateway failed \(01JD\)\n/);
  assert.equal(broken.logged.length, 2);
});

test('health is answered while everything else breaks', async () => {
  await using broken = await startBroken();
  assert.equal((await fetch(`${broken.url}/-/healthy`)).status, 200);
  assert.deepEqual(broken.logged, []);
});
