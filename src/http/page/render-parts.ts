import { renderPrintable } from '../../core/printable.ts';
import { type Html, html } from './html.ts';
import type { CallerView, GroupView } from './page-view.ts';
import { renderForeign } from './words.ts';

/** Who looks at the page, and the way out. */
export function renderCorner({ team, credential, hasSession }: CallerView): Html {
  return html`<div class="corner"><span>Team <strong>${renderForeign(team)}</strong> <span class="quiet">as ${renderForeign(credential)}</span></span>
${
  hasSession &&
  html`<form method="post" action="sign-out"><button class="plain">Sign out</button></form>`
}</div>`;
}

/** The grouping key: the job, then the other labels. */
export function renderKey({ job, labels }: Pick<GroupView, 'job' | 'labels'>): Html {
  return html`<span class="job">${renderForeign(job)}</span>${labels.map(
    ({ name, value }) =>
      html` <span class="label"><span class="name">${renderForeign(name)}=</span>${renderForeign(value)}</span>`,
  )}`;
}

const KEY_BYTES = 300;

/** The same as text, where no element can be. */
export function renderKeyText({ job, labels }: Pick<GroupView, 'job' | 'labels'>): string {
  const texts = [job, ...labels.map(({ name, value }) => `${name}=${value}`)];
  return renderPrintable(texts.join(' '), KEY_BYTES);
}
