import { type Html, html } from './html.ts';
import { type AssetPaths, renderDocument } from './render-document.ts';
import { renderSentence } from './words.ts';

interface SignInView {
  /** Path of `/ui/` seen from the document: `./`, `ui/`. */
  readonly root: string;
  readonly assets: AssetPaths;
  /** Why the last attempt failed. */
  readonly problem?: string | undefined;
  readonly hasPasswords: boolean;
  readonly contact?: string | undefined;
}

/** The page of a caller who is not known. */
export function renderSignIn({ root, assets, problem, hasPasswords, contact }: SignInView): Html {
  const main = html`<section class="narrow">
<h1>Sign in</h1>
<p>See what your team pushed to Pushgateway, what was refused, and why.</p>
${
  problem !== undefined &&
  html`<p class="note bad" role="alert" id="problem"><strong>Not signed in.</strong> ${renderSentence(problem)}</p>`
}
<form method="post" action="${root}sign-in" class="stack">
<input hidden autocomplete="username" value="token">
<label for="token">Token</label>
<input id="token" name="token" type="password" required autofocus autocomplete="current-password" spellcheck="false"${
    problem !== undefined && html` aria-invalid="true" aria-describedby="problem"`
  }>
<button class="primary">Sign in</button>
</form>
${
  hasPasswords &&
  html`<p class="quiet"><a href="${root}sign-in/basic">Sign in with a user name and a password</a></p>`
}
</section>`;
  return renderDocument({ title: 'Sign in – pushwarden', assets, main, contact });
}
