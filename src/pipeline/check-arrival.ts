import { allow, type Decision, deny } from '../core/decision.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { beginChecks, type CheckOrder } from '../core/request/checks.ts';
import { checkFraming, type Framing } from '../core/request/framing.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayRequest } from './gateway-request.ts';
import { checkNetworks, locateClient } from './locate-client.ts';
import type { Snapshot } from './snapshot.ts';

interface ArrivedRequest {
  readonly request: GatewayRequest;
  readonly gateway: Pick<Gateway, 'isDraining'>;
  readonly trail: Pick<AuditTrail, 'learn'>;
}

/** What is known of a request before anybody asks whose it is. */
interface ArrivalFacts {
  readonly address: IpAddress;
  readonly framing: Framing;
}

/** Makes the checks that every request has to pass, of a client or of a person at the page. */
export function checkArrival(
  { request, gateway, trail }: ArrivedRequest,
  snapshot: Pick<Snapshot, 'trustedProxies' | 'allowNetworks' | 'denyNetworks'>,
  at: CheckOrder = beginChecks(),
): Decision<ArrivalFacts> {
  const serving = at('draining', gateway.isDraining() ? deny('draining') : allow(undefined));
  if (serving.effect === 'deny') return serving;

  const framing = at('framing', checkFraming(request.head));
  if (framing.effect === 'deny') return framing;

  const address = locateClient(request, snapshot);
  if (address.effect === 'deny') return at('gateway_network', address);
  trail.learn({ clientAddress: address.value });
  const reachable = at('gateway_network', checkNetworks(address.value, snapshot));
  if (reachable.effect === 'deny') return reachable;
  return allow({ address: address.value, framing: framing.value });
}
