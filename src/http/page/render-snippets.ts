import { type Html, html } from './html.ts';
import type { SnippetView } from './page-view.ts';
import { createSnippets } from './snippets.ts';

/** Lines to copy. */
export function renderSnippets(view: SnippetView): Html {
  return html`<h2 id="snippets-title">How to push</h2>
<p class="quiet">The ${view.login} is read from the environment or a secret of the CI system, never written into the line.</p>
${createSnippets(view).map(
  ({ name, code }) =>
    html`<details class="snippet" name="snippet"><summary>${name}</summary><pre tabindex="0" role="group" aria-label="${name}"><code>${code}</code></pre></details>
`,
)}`;
}
