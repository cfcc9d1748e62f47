import { type Content, type Html, html } from './html.ts';
import type { CredentialView, PageView } from './page-view.ts';
import { renderForeign, renderTime } from './words.ts';

/** The credentials of the team, never their secrets. */
export function renderCredentials({ credentials, now, caller }: PageView): Html {
  const { seesAllTeams } = caller;
  return html`<h2 id="credentials-title">Credentials</h2>
<div class="scroll" tabindex="0" role="group" aria-labelledby="credentials-title"><table>
<thead><tr>${seesAllTeams && html`<th scope="col">Team</th>`}<th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Last used</th><th scope="col">Expires</th></tr></thead>
<tbody>${credentials.map((credential) => renderCredential(credential, now, seesAllTeams))}</tbody>
</table></div>`;
}

function renderCredential(credential: CredentialView, now: number, namesTeam: boolean): Html {
  const { team, name, kind, lastUsedAt } = credential;
  const used =
    lastUsedAt === undefined
      ? html`<span class="quiet">not since the start</span>`
      : renderTime(lastUsedAt, now);
  return html`<tr>${namesTeam && html`<td>${renderForeign(team)}</td>`}<th scope="row">${renderForeign(name)}</th><td>${kind}</td><td>${used}</td><td>${renderExpires(credential, now)}</td></tr>
`;
}

function renderExpires({ expiresAt }: CredentialView, now: number): Content {
  if (expiresAt === undefined) return html`<span class="quiet">never</span>`;
  const time = renderTime(expiresAt, now);
  return expiresAt <= now ? html`<strong class="bad">expired ${time}</strong>` : time;
}
