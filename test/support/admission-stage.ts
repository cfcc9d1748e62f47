import type { AuditEvent } from '../../src/core/audit-record.ts';
import { allow, type Decision } from '../../src/core/decision.ts';
import { compileNetworks } from '../../src/core/network-set.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { TeamSpec } from '../../src/core/policy-spec.ts';
import type { Principal } from '../../src/core/principal.ts';
import { type Admission, admit } from '../../src/pipeline/admit.ts';
import { createAuditTrail } from '../../src/pipeline/audit-trail.ts';
import type { Gateway } from '../../src/pipeline/gateway.ts';
import type { GatewayRequest, RequestHeaders } from '../../src/pipeline/gateway-request.ts';
import type { Lease } from '../../src/pipeline/ports.ts';
import type { Snapshot } from '../../src/pipeline/snapshot.ts';
import { teamSpec } from './team-spec.ts';

/** A request, its gateway, and what every port will answer; a test changes it and admits. */
export interface AdmissionSetup {
  isDraining: boolean;
  peerAddress: string | undefined;
  method: string;
  rawTarget: string;
  httpVersion: string;
  rawHeaders: [name: string, value: string][];
  headers: { -readonly [Name in keyof RequestHeaders]: RequestHeaders[Name] };
  denyNetworks: string[];
  team: { -readonly [Key in keyof TeamSpec]: TeamSpec[Key] };
  authentication: Decision<Principal> | Error | undefined;
  entrance: Decision<undefined>;
  /** The body as sent. */
  sent: Decision<Uint8Array>;
  hasBytesLeft: boolean;
  /** What the gzip decoder makes of it. */
  decoded: Decision<Uint8Array>;
  isAuditBroken: boolean;
}

/** An admission on its way, and what became of the ports. */
export interface AdmissionStage {
  readonly decision: Decision<Admission>;
  /** The ports in the order in which they were asked. */
  readonly calls: readonly string[];
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
export function admissibleSetup(): AdmissionSetup {
  return {
    isDraining: false,
    peerAddress: '10.1.2.3',
    method: 'POST',
    rawTarget: '/metrics/job/batch/env/dev',
    httpVersion: '1.1',
    rawHeaders: [
      ['Host', 'push.example.com'],
      ['Content-Length', '30'],
    ],
    headers: {
      authorization: 'Bearer nightly',
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      origin: undefined,
      secFetchSite: undefined,
      userAgent: 'curl/8.5',
      forwardedFor: [],
    },
    denyNetworks: [],
    team: teamSpec({ allow: ['push', 'delete', 'read'] }),
    authentication: allow({ team: 'payments', credential: 'nightly', scheme: 'token' }),
    entrance: allow(undefined),
    sent: allow(new Uint8Array(30)),
    hasBytesLeft: true,
    decoded: allow(Buffer.from('batch_size 7\n')),
    isAuditBroken: false,
  };
}

/** Admits what a setup describes, with every port faked and nothing else. */
export async function runAdmission(setup: AdmissionSetup): Promise<AdmissionStage> {
  const calls: string[] = [];
  const events: AuditEvent[] = [];
  const bodyBounds: unknown[] = [];
  const leases = createLeases();
  let snapshotReads = 0;

  const request: GatewayRequest = {
    id: '01JD',
    peerAddress: setup.peerAddress,
    method: setup.method,
    rawTarget: setup.rawTarget,
    head: { httpVersion: setup.httpVersion, rawHeaders: setup.rawHeaders.flat() },
    headers: setup.headers,
    async readBody(contentLength, { maxBytes, timeoutMs }) {
      calls.push('readBody');
      bodyBounds.push({ contentLength, maxBytes, timeoutMs });
      return setup.sent;
    },
  };
  const snapshot: Snapshot = {
    configHash: 'sha256:0',
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
    bodyTimeoutMs: 30_000,
    upstreamTimeoutMs: UPSTREAM_TIMEOUT_MS,
  };
  const decode = async (): Promise<Decision<Uint8Array>> => {
    calls.push('decode');
    return setup.decoded;
  };
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
    decoders: { gzip: decode, snappy: decode },
  };

  const trail = createAuditTrail(request, gateway.audit, gateway.clock);
  const scope = new DisposableStack();
  try {
    const decision = await admit({ request, gateway, trail, scope });
    const heldBefore = leases.held();
    scope.dispose();
    const heldAfter = leases.held();
    return { decision, calls, events, heldBefore, heldAfter, snapshotReads, bodyBounds };
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
