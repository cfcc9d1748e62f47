import assert from 'node:assert/strict';
import type { AuditEvent } from '../../src/core/audit/audit-record.ts';
import { allow, type Decision, deny } from '../../src/core/decision.ts';
import { parseExposition } from '../../src/core/exposition/parse-exposition.ts';
import type { Principal } from '../../src/core/identity/principal.ts';
import { compileNetworks } from '../../src/core/network/network-set.ts';
import type { TeamLimits } from '../../src/core/policy/limits.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { TeamSpec } from '../../src/core/policy/policy-spec.ts';
import type { CheckName } from '../../src/core/request/checks.ts';
import type { Admission } from '../../src/pipeline/admission.ts';
import { admit } from '../../src/pipeline/admit.ts';
import { createAuditTrail } from '../../src/pipeline/audit-trail.ts';
import type { Gateway } from '../../src/pipeline/gateway.ts';
import type { RequestHeaders } from '../../src/pipeline/gateway-request.ts';
import type { Lease } from '../../src/pipeline/ports.ts';
import type { Snapshot } from '../../src/pipeline/snapshot.ts';
import { gatewayRequest, requestHeaders } from './gateway-request.ts';
import { createStore } from './group-push.ts';
import { teamSpec } from './team-spec.ts';

/** A request, its gateway, and what every port will answer. */
interface AdmissionSetup {
  readonly isDraining: boolean;
  readonly method: string;
  readonly rawTarget: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly headers: RequestHeaders;
  readonly denyNetworks: readonly string[];
  readonly team: TeamSpec;
  readonly authentication: Decision<Principal> | Error | undefined;
  readonly entrance: Decision<undefined>;
  /** The body as sent. */
  readonly sent: Decision<Uint8Array>;
  readonly hasBytesLeft: boolean;
  /** What the decoder makes of it. */
  readonly decoded: Decision<Uint8Array>;
  readonly isAuditBroken: boolean;
}

/** What a test changes in a setup; objects inside are changed, not replaced. */
export type SetupChange = Partial<Omit<AdmissionSetup, 'headers' | 'team'>> & {
  readonly headers?: Partial<RequestHeaders>;
  readonly team?: Partial<Omit<TeamSpec, 'limits'>>;
  readonly limits?: Partial<TeamLimits>;
};

/** An admission on its way, and what became of the ports. */
interface AdmissionStage {
  readonly decision: Decision<Admission>;
  /** The ports in the order in which they were asked. */
  readonly calls: readonly string[];
  /** The checks in the order in which they were made. */
  readonly checks: readonly CheckName[];
  readonly events: readonly AuditEvent[];
  /** Leases not given back, before and after the end of the request. */
  readonly heldBefore: number;
  readonly heldAfter: number;
  readonly snapshotReads: number;
  readonly bodyBounds: readonly unknown[];
}

/** Milliseconds on the monotonic clock of every stage. */
export const STAGE_TIME = 5000;
/** Of every stage. */
export const UPSTREAM_TIMEOUT_MS = 10_000;

/** A gzipped push of one series to `/metrics/job/batch/env/dev` that everything allows. */
const ADMISSIBLE: AdmissionSetup = {
  isDraining: false,
  method: 'POST',
  rawTarget: '/metrics/job/batch/env/dev',
  httpVersion: '1.1',
  rawHeaders: [
    ['Host', 'push.example.com'],
    ['Content-Length', '30'],
  ],
  headers: requestHeaders({
    authorization: 'Bearer nightly',
    contentType: 'text/plain',
    contentEncoding: 'gzip',
    userAgent: 'curl/8.5',
  }),
  denyNetworks: [],
  team: teamSpec({ allow: ['push', 'delete', 'read'] }),
  authentication: allow({ team: 'payments', credential: 'nightly', scheme: 'token' }),
  entrance: allow(undefined),
  sent: allow(new Uint8Array(30)),
  hasBytesLeft: true,
  decoded: allow(Buffer.from('batch_size 7\n')),
  isAuditBroken: false,
};

/** Admits an admissible push, but for the changes, with every port faked and nothing else. */
export function runAdmission(...changes: readonly SetupChange[]): Promise<AdmissionStage> {
  return runSetup(changes.reduce(withChange, ADMISSIBLE));
}

function withChange(setup: AdmissionSetup, change: SetupChange): AdmissionSetup {
  const { headers, team, limits, ...rest } = change;
  return {
    ...setup,
    ...rest,
    headers: { ...setup.headers, ...headers },
    team: { ...setup.team, ...team, limits: { ...setup.team.limits, ...limits } },
  };
}

async function runSetup(setup: AdmissionSetup): Promise<AdmissionStage> {
  const calls: string[] = [];
  const checks: CheckName[] = [];
  const events: AuditEvent[] = [];
  const bodyBounds: unknown[] = [];
  const leases = createLeases();
  let snapshotReads = 0;

  const request = gatewayRequest({
    method: setup.method,
    rawTarget: setup.rawTarget,
    head: { httpVersion: setup.httpVersion, rawHeaders: setup.rawHeaders.flat() },
    headers: setup.headers,
    async readBody(contentLength, { maxBytes, timeoutMs }) {
      calls.push('readBody');
      bodyBounds.push({ contentLength, maxBytes, timeoutMs });
      return setup.sent;
    },
  });
  const snapshot: Snapshot = {
    configHash: 'sha256:0',
    pathPrefix: '',
    trustedProxies: compileNetworks([]),
    allowNetworks: undefined,
    denyNetworks: compileNetworks(setup.denyNetworks),
    policy: compilePolicy([setup.team]),
    authenticators: [
      {
        async authenticate() {
          calls.push('authenticate');
          if (setup.authentication instanceof Error) throw setup.authentication;
          return setup.authentication;
        },
      },
    ],
    challenges: [],
    ui: undefined,
    credentials: [],
    bodyTimeoutMs: 30_000,
    bodyChunks: 10_000,
  };
  const decode = async (): Promise<Decision<Uint8Array>> => {
    calls.push('decode');
    return setup.decoded;
  };
  const store = createStore();
  const known = { store, timeoutMs: UPSTREAM_TIMEOUT_MS };
  const whenKnown = async () => allow(undefined);
  const send = async (): Promise<never> => assert.fail('nothing is sent before it is admitted');
  const gateway: Gateway = {
    snapshot() {
      snapshotReads += 1;
      return snapshot;
    },
    isDraining: () => setup.isDraining,
    clock: { now: () => 0, monotonic: () => STAGE_TIME },
    audit: {
      async append(event) {
        calls.push('append');
        if (setup.isAuditBroken) throw new Error('ENOSPC');
        events.push(event);
      },
      record(event) {
        calls.push('record');
        events.push(event);
      },
      head: () => ({ seq: 0, hash: '' }),
      close: async () => {},
    },
    teamLimiter: {
      async enter() {
        calls.push('enter');
        return setup.entrance.effect === 'deny' ? setup.entrance : allow(leases.open());
      },
    },
    byteBudget: {
      open() {
        calls.push('open');
        return { reserve: () => setup.hasBytesLeft, ...leases.open() };
      },
    },
    parseContent: async (_, body, mediaType, scope) => parseExposition(mediaType, body, scope),
    pause: async () => {},
    decoders: { gzip: decode, snappy: decode },
    enterGroup: async () => allow(leases.open()),
    upstream: () => ({ ...known, whenKnown, tidy: send, send, ...leases.open() }),
    reading: () => ({ ...known, read: send, ...leases.open() }),
    readingOf: () => deny('endpoint_not_found'),
  };

  const trail = createAuditTrail(request, gateway.audit, gateway.clock);
  const scope = new DisposableStack();
  try {
    const decision = await admit({
      request,
      gateway,
      trail,
      scope,
      onCheck: (name) => checks.push(name),
    });
    const heldBefore = leases.held();
    scope.dispose();
    const heldAfter = leases.held();
    return { decision, calls, checks, events, heldBefore, heldAfter, snapshotReads, bodyBounds };
  } finally {
    scope.dispose();
  }
}

function createLeases(): { open(): Lease; held(): number } {
  let held = 0;
  return {
    held: () => held,
    open() {
      held += 1;
      return {
        [Symbol.dispose]: () => {
          held -= 1;
        },
      };
    },
  };
}
