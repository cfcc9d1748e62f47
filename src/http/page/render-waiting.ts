import { type Content, html } from './html.ts';
import type { PageView, WaitingView } from './page-view.ts';
import { renderCount, renderForeign, renderTime } from './words.ts';

/** What is kept until Pushgateway is back; nothing when nothing is. */
export function renderWaiting({ upstream, now, caller }: PageView): Content {
  const { count = 0, newest = [] } = upstream.waiting ?? {};
  if (count === 0) return undefined;
  const rest = count > newest.length && html`, the newest ${renderCount(newest.length)} of them`;
  return html`<h2 id="waiting-title">Kept until Pushgateway is back</h2>
<p class="quiet">${renderCount(count)} ${count === 1 ? 'request' : 'requests'}${rest}; what follows is without them</p>
<ol class="refusals">${newest.map((one) => renderOne(one, now, caller.seesAllTeams))}</ol>`;
}

function renderOne(
  { at, method, group, team, credential }: WaitingView,
  now: number,
  namesTeam: boolean,
): Content {
  const by = namesTeam ? `${team}/${credential}` : credential;
  return html`<li><code>${method} ${renderForeign(group)}</code> ${renderTime(at, now)} <span class="quiet">by ${renderForeign(by)}</span></li>`;
}
