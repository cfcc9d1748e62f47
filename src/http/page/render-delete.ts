import { type Content, type Html, html } from './html.ts';
import type { CallerView, GroupView } from './page-view.ts';
import { type AssetPaths, renderDocument } from './render-document.ts';
import { renderCorner, renderKey } from './render-parts.ts';
import { renderCount, renderForeign, renderSentence, renderTime } from './words.ts';

interface DeleteView {
  readonly now: number;
  readonly caller: CallerView;
  readonly assets: AssetPaths;
  readonly group: GroupView;
  readonly csrf: string;
  /** Why the last attempt was not carried out. */
  readonly problem?: string | undefined;
  readonly contact?: string | undefined;
}

/** Asks whether a group is to be deleted, by its job's name. */
export function renderDelete(view: DeleteView): Html {
  const { now, caller, assets, group, csrf, problem, contact } = view;
  const main = html`<section class="narrow">
<h1>Delete a group</h1>
<p class="subject">${renderKey(group)}</p>
<dl class="facts">
<dt>Last push</dt><dd>${group.pushedAt === undefined ? 'never stored' : renderTime(group.pushedAt, now)}${renderBy(group)}</dd>
<dt>Series</dt><dd>${renderCount(group.series)}</dd>
</dl>
<p>Prometheus will no longer see these series. A job that pushes again makes the group anew.</p>
${problem !== undefined && html`<p class="note bad" role="alert" id="problem">${renderSentence(problem)}</p>`}
<form method="post" action="delete" class="stack">
<input type="hidden" name="target" value="${group.target}">
<input type="hidden" name="csrf" value="${csrf}">
<label for="confirm">To confirm, type the job: ${renderForeign(group.job)}</label>
<input id="confirm" name="confirm" required autocomplete="off" autocapitalize="off" spellcheck="false"${
    problem !== undefined && html` aria-invalid="true" aria-describedby="problem"`
  }>
<div class="actions"><button class="danger">Delete the group</button> <a href="./">Cancel</a></div>
</form>
</section>`;
  const corner = renderCorner(caller);
  return renderDocument({ title: 'Delete a group – pushwarden', assets, corner, main, contact });
}

function renderBy({ credential }: GroupView): Content {
  return credential !== undefined && html` by ${renderForeign(credential)}`;
}
