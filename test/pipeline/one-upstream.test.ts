import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow } from '../../src/core/decision.ts';
import { parseExposition } from '../../src/core/exposition/parse-exposition.ts';
import { compileNetworks } from '../../src/core/network/network-set.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import { admit } from '../../src/pipeline/admit.ts';
import { createAuditTrail } from '../../src/pipeline/audit-trail.ts';
import { forward } from '../../src/pipeline/forward.ts';
import type { Gateway } from '../../src/pipeline/gateway.ts';
import type { Upstream } from '../../src/pipeline/ports/upstream.ts';
import { gatewayRequest, requestHeaders } from '../support/gateway-request.ts';
import { createStore } from '../support/group-push.ts';
import { manualClock } from '../support/manual-clock.ts';
import { teamSpec } from '../support/team-spec.ts';

/** An upstream that takes everything, and says what it was sent and whether it was given back. */
function createUpstream() {
  const store = createStore();
  const seen = { sent: 0, loans: 0 };
  const lend = (): Upstream => {
    seen.loans += 1;
    return {
      store,
      timeoutMs: 1000,
      whenKnown: async () => allow(undefined),
      tidy: async () => false,
      async send() {
        seen.sent += 1;
        return { kind: 'answered', status: 200, attempts: 1, text: '' };
      },
      [Symbol.dispose]() {
        seen.loans -= 1;
      },
    };
  };
  return { store, seen, lend };
}

/** A push through a gateway that gets another upstream while the decision is written to disk. */
async function pushDuringReload(method: string) {
  const before = createUpstream();
  const after = createUpstream();
  let current = before;
  const team = teamSpec({ allow: ['push', 'delete'] });
  const authenticate = async () =>
    allow({ team: team.name, credential: 'nightly', scheme: 'token' } as const);
  const snapshot = {
    pathPrefix: '',
    configHash: 'sha256:0',
    trustedProxies: compileNetworks([]),
    allowNetworks: undefined,
    denyNetworks: compileNetworks([]),
    policy: compilePolicy([team]),
    authenticators: [{ authenticate }],
    challenges: [],
    ui: undefined,
    credentials: [],
    bodyTimeoutMs: 1000,
    bodyChunks: 10_000,
  };
  const nothing = { [Symbol.dispose]() {} };
  const decode = async () => assert.fail('nothing is compressed');
  const picked: unknown[] = [];
  const gateway: Gateway = {
    snapshot: () => snapshot,
    isDraining: () => false,
    clock: manualClock(),
    audit: {
      async append() {
        current = after;
      },
      record() {},
      head: () => ({ seq: 0, hash: '' }),
      close: async () => {},
    },
    teamLimiter: { enter: async () => allow(nothing) },
    byteBudget: { open: () => ({ reserve: () => true, ...nothing }) },
    parseContent: async (_, body, mediaType, scope) => parseExposition(mediaType, body, scope),
    pause: async () => {},
    decoders: { gzip: decode, snappy: decode },
    enterGroup: async () => allow({ [Symbol.dispose]() {} }),
    upstream(...asked) {
      picked.push(...asked);
      return current.lend();
    },
    reading: () => assert.fail('nobody reads'),
    readingOf: () => assert.fail('nobody reads'),
  };
  const request = gatewayRequest({
    method,
    rawTarget: '/metrics/job/batch',
    head: { httpVersion: '1.1', rawHeaders: ['Host', 'x', 'Content-Length', '7'] },
    headers: requestHeaders({ authorization: 'Bearer nightly' }),
    readBody: async () => allow(Buffer.from('rows 1\n')),
  });
  const trail = createAuditTrail(request, gateway.audit, gateway.clock);
  const scope = new DisposableStack();
  const admission = await admit({ request, gateway, trail, scope });
  assert.ok(admission.effect === 'allow' && admission.value.kind !== 'read');
  const context = { requestId: request.id, trail, isClientGone: () => false };
  const forwarded = await forward(admission.value, context);
  assert.equal(forwarded.effect, method === 'DELETE' ? 'deny' : 'allow');
  return { before, after, picked, end: () => scope.dispose() };
}

for (const method of ['PUT', 'POST', 'DELETE']) {
  test(`a ${method} is sent where it was claimed, whatever a reload does between`, async () => {
    const { before, after, picked, end } = await pushDuringReload(method);
    assert.deepEqual([before.seen.sent, after.seen.sent], [1, 0]);
    assert.equal(before.store.familyLines().has('rows'), method !== 'DELETE');
    const action = method === 'DELETE' ? 'delete' : 'push';
    assert.deepEqual(picked, ['payments', { id: '/metrics/job/batch', job: 'batch', action }]);
    assert.equal(before.seen.loans, 1);
    end();
    assert.equal(before.seen.loans, 0);
  });
}
