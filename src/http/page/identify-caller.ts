import { allow, type Decision, type Deny } from '../../core/decision.ts';
import { authenticate } from '../../pipeline/authenticate.ts';
import type { Caller, PageExchange } from './page-exchange.ts';
import { isWithinOwnNetworks, prove } from './sign-in.ts';

/**
 * Finds out who asks for a page: an `Authorization` decides alone; then the cookie; then the
 * certificate of the connection. Undefined for nobody.
 */
export async function identifyCaller(
  exchange: PageExchange,
): Promise<Decision<Caller | undefined>> {
  const { authorization } = exchange.req.headers;
  if (authorization !== undefined) {
    const proved = await prove(exchange, authorization);
    return proved.effect === 'deny'
      ? proved
      : allow({ principal: proved.value, session: undefined });
  }
  const id = await findSessionId(exchange);
  return id === undefined ? allow(await readCertificate(exchange)) : resume(exchange, id);
}

/** Of several sessions none counts: one of them is somebody else's. */
async function findSessionId({ sessions, sessionIds }: PageExchange): Promise<string | undefined> {
  const found = await Promise.all(sessionIds.map((each) => sessions.find(each)));
  const [first, other] = found.filter((session) => session !== undefined);
  return other === undefined ? first?.id : undefined;
}

/** A session for as long as what it was begun with is believed. */
async function resume(exchange: PageExchange, id: string): Promise<Decision<Caller | undefined>> {
  const { sessions, trail } = exchange;
  const proof = await sessions.proofOf(id);
  if (proof !== undefined) {
    const proved = await prove(exchange, proof);
    if (proved.effect === 'deny') {
      if (isOver(proved)) await sessions.end(id);
      return proved;
    }
  }
  const session = await sessions.find(id);
  if (session === undefined) return allow(undefined);
  const { principal } = session;
  if (!isWithinOwnNetworks(principal, exchange)) return allow(undefined);
  trail.learn({ principal });
  return allow({ principal, session });
}

/** From another network, or while its issuer is away, a session only rests. */
function isOver({ reason }: Deny): boolean {
  return reason === 'credential_invalid' || reason === 'credential_expired';
}

/** Clients show theirs to every server: one that nobody knows is nothing. */
async function readCertificate(exchange: PageExchange): Promise<Caller | undefined> {
  const { request, address, snapshot, trail } = exchange;
  if (request.clientCertificate === undefined) return undefined;
  const { authenticators } = snapshot; // the anonymous team has no page
  const proved = await authenticate(request, address, { authenticators });
  if (proved.effect === 'deny') return undefined;
  if (!isWithinOwnNetworks(proved.value, exchange)) return undefined;
  trail.learn({ principal: proved.value });
  return { principal: proved.value, session: undefined };
}
