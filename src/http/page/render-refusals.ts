import { REASONS } from '../../core/reason.ts';
import type { NotedRefusal } from '../../pipeline/ports/team-activity.ts';
import { type Html, html } from './html.ts';
import type { PageView } from './page-view.ts';
import { renderCount, renderForeign, renderSentence, renderTime } from './words.ts';

const DETAIL_BYTES = 240;

/** What was refused, why, and what to change. */
export function renderRefusals({ refusals, now, caller }: PageView): Html {
  return html`<h2 id="refusals-title">Refused</h2>
${
  refusals.length === 0
    ? html`<p class="empty">Nothing was refused since the gateway started.</p>`
    : html`<ol class="refusals">${refusals.map((refusal) => renderRefusal(refusal, now, caller.seesAllTeams))}</ol>`
}`;
}

function renderRefusal(refusal: NotedRefusal, now: number, namesTeam: boolean): Html {
  const { at, count, team, credential, method, target, reason, detail, hints } = refusal;
  const { clientAddress, requestId } = refusal;
  return html`<li>
<p class="what"><code class="reason">${reason}</code> ${renderTime(at, now)}${count > 1 && html` <span class="quiet">and ${renderCount(count - 1)} before</span>`}</p>
<p>${renderForeign(detail, DETAIL_BYTES)}${hints.map((hint) => html`<br>${renderForeign(hint, DETAIL_BYTES)}`)}</p>
<p class="advice">${renderSentence(REASONS[reason].advice)}</p>
<p class="quiet origin"><code>${renderForeign(method)} ${renderForeign(target)}</code> by ${renderForeign(namesTeam ? `${team}/${credential}` : credential)}${clientAddress !== undefined && html` from ${clientAddress}`}, request <code>${requestId}</code></p>
</li>`;
}
