import { createView } from './create-view.ts';
import { parseGroupQuery } from './group-query.ts';
import {
  assetPaths,
  type Caller,
  type PageExchange,
  sendNotice,
  sendPage,
} from './page-exchange.ts';
import { renderGroupParts } from './render-groups.ts';
import { renderOverview } from './render-overview.ts';

/** Shows a caller its page. */
export async function showOverview(
  exchange: PageExchange,
  { principal, session }: Caller,
): Promise<void> {
  const { sessions, gateway, snapshot, activity, upstreamState, origin, query } = exchange;
  const team = snapshot.policy.team(principal.team);
  if (team === undefined) {
    sendNotice(exchange, 403, 'No such team', ['the team is not in the configuration any more']);
    return;
  }
  using upstream = gateway.reading(team);
  const view = createView({
    now: gateway.clock.now(),
    principal,
    team,
    snapshot,
    store: upstream.store,
    activity,
    upstream: upstreamState(team),
    hasSession: session !== undefined,
    url: origin.url,
    notice: session?.notice,
  });
  const groupQuery = parseGroupQuery(query);
  if (query.get('part') === 'groups' && view.groups !== undefined) {
    sendPage(exchange, 200, renderGroupParts(view, view.groups, groupQuery));
    return;
  }
  if (session?.notice !== undefined) await sessions.note(session.id, undefined);
  sendPage(exchange, 200, renderOverview(view, groupQuery, assetPaths(exchange)));
}
