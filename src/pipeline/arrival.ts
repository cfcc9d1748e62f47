import type { IpAddress } from '../core/network/ip-address.ts';
import type { Observation } from '../core/policy/observation.ts';
import type { TeamPolicy } from '../core/policy/policy.ts';
import type { CheckName, CheckOrder } from '../core/request/checks.ts';
import type { Framing } from '../core/request/framing.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayRequest } from './gateway-request.ts';
import type { RequestScope } from './request-scope.ts';
import type { Snapshot } from './snapshot.ts';

/** A request on its way. */
export interface Arrival {
  readonly request: GatewayRequest;
  readonly gateway: Gateway;
  readonly trail: AuditTrail;
  /** Gives back what the request holds, at its very end. */
  readonly scope: Pick<RequestScope, 'use'>;
  /** Told when the credential of the request holds. */
  readonly onProof?: () => void;
  /** Told of each check that is made. */
  readonly onCheck?: (name: CheckName) => void;
}

/** What is known of a request that may be of anybody. */
export interface ArrivalPlace {
  readonly at: CheckOrder;
  readonly snapshot: Snapshot;
  readonly address: IpAddress;
  readonly framing: Framing;
}

/** A request whose sender is known. */
export interface KnownArrival extends Arrival, ArrivalPlace {
  readonly team: TeamPolicy;
  readonly observation: Observation;
}
