import { allow, type Decision } from '../../core/decision.ts';
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
  return allow(findSession(exchange) ?? (await readCertificate(exchange)));
}

function findSession(exchange: PageExchange): Caller | undefined {
  const { sessions, sessionId, trail } = exchange;
  const session = sessionId === undefined ? undefined : sessions.find(sessionId);
  if (session === undefined) return undefined;
  const { principal } = session;
  if (!isWithinOwnNetworks(principal, exchange)) return undefined;
  trail.learn({ principal });
  return { principal, session };
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
