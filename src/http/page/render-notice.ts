import { type Html, html } from './html.ts';
import { type AssetPaths, renderDocument } from './render-document.ts';

interface NoticeView {
  readonly root: string;
  readonly assets: AssetPaths;
  readonly title: string;
  /** One sentence, then others. */
  readonly lines: readonly string[];
  readonly requestId: string;
  readonly contact?: string | undefined;
}

/** The page of what was refused. */
export function renderNotice(view: NoticeView): Html {
  const { root, assets, title, lines, requestId, contact } = view;
  const main = html`<section class="narrow">
<h1>${title}</h1>
${lines.map((line) => html`<p>${line}</p>`)}
<p><a href="${root}">Back to the groups</a></p>
<p class="quiet">Request <code>${requestId}</code></p>
</section>`;
  return renderDocument({ title: `${title} – pushwarden`, assets, main, contact });
}
