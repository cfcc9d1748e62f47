import type { GroupQuery } from './group-query.ts';
import { type Content, type Html, html } from './html.ts';
import type { PageView } from './page-view.ts';
import { renderCredentials } from './render-credentials.ts';
import { type AssetPaths, renderDocument } from './render-document.ts';
import { renderGroups } from './render-groups.ts';
import { renderCorner } from './render-parts.ts';
import { renderRefusals } from './render-refusals.ts';
import { renderSnippets } from './render-snippets.ts';
import { renderStatus } from './render-status.ts';
import { renderWaiting } from './render-waiting.ts';
import { renderForeign } from './words.ts';

const NOTICE_BYTES = 500;

/** The page of a team: state, groups, refusals, credentials, snippets. */
export function renderOverview(view: PageView, query: GroupQuery, assets: AssetPaths): Html {
  const { caller, groups, contact, notice } = view;
  const title = `${caller.seesAllTeams ? 'All groups' : caller.team} – pushwarden`;
  const main = html`<h1 class="hidden">Groups of ${caller.seesAllTeams ? 'all teams' : `team ${caller.team}`}</h1>
${renderRefreshed()}
${notice !== undefined && html`<p class="note good" role="status">${renderForeign(notice, NOTICE_BYTES)}</p>`}
<div id="status" data-live>${renderStatus(view)}</div>
<section id="waiting" data-live aria-labelledby="waiting-title">${renderWaiting(view)}</section>
${groups !== undefined && renderGroups(view, groups, query)}
<div class="pair">
<section id="refusals" data-live aria-labelledby="refusals-title">${renderRefusals(view)}</section>
<section id="credentials" data-live aria-labelledby="credentials-title">${renderCredentials(view)}</section>
</div>
<section id="snippets" aria-labelledby="snippets-title">${renderSnippets(view.snippets)}</section>`;
  return renderDocument({ title, assets, corner: renderCorner(caller), main, contact });
}

/** Filled in by the module; stays away without it. */
function renderRefreshed(): Content {
  return html`<p id="refreshed" class="note warn" role="status" hidden></p>`;
}
