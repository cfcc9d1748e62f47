import { hasFailed } from './group-query.ts';
import { type Content, type Html, html } from './html.ts';
import type { CredentialView, PageView, QuotaView } from './page-view.ts';
import { renderKey } from './render-parts.ts';
import { renderBytes, renderCount, renderForeign, renderTime } from './words.ts';

/** Days before its end at which a credential is spoken of. */
const EXPIRY_WARNING_MS = 14 * 86_400_000;

const KEPT = 'The gateway keeps pushes, and sends them when it is back.';
const REFUSED = 'Pushes are refused until it is back.';
const QUARANTINE = html`<code>pushwarden quarantine</code> names and deletes it.`;

/** The first look: whether everything is well, what came last, what is taken. */
export function renderStatus(view: PageView): Html {
  return html`${renderProblems(view)}
<dl class="tiles">
${renderUpstream(view)}
${renderLastPush(view)}
${renderLastRefusal(view)}
${view.quotas.map(renderQuota)}
</dl>`;
}

function renderProblems(view: PageView): Content {
  const { quotas, credentials, now } = view;
  const problems = listUpstreamProblems(view);
  const warnings: Html[] = [];
  for (const { name, used, limit } of quotas) {
    if (used < limit) continue;
    problems.push(
      html`<strong>The quota of ${name} is full.</strong> What is there can be pushed again if it does not grow; delete groups that are no longer needed.`,
    );
  }
  for (const credential of credentials) {
    const { expiresAt } = credential;
    if (expiresAt === undefined || expiresAt > now + EXPIRY_WARNING_MS) continue;
    if (expiresAt <= now) problems.push(renderExpired(credential, now, expiresAt));
    else warnings.push(renderExpiring(credential, now, expiresAt));
  }
  if (problems.length + warnings.length === 0) return undefined;
  return html`<ul class="problems">${problems.map((problem) => html`<li class="note bad">${problem}</li>`)}${warnings.map((warning) => html`<li class="note warn">${warning}</li>`)}</ul>`;
}

function listUpstreamProblems({ upstream, caller }: PageView): Html[] {
  const problems: Html[] = [];
  const { away = [] } = upstream;
  if (away.length > 0) {
    problems.push(
      html`<strong>Pushgateway ${away.join(', ')} is away.</strong> Pushes to it are refused until it is back; its groups are what it held last.`,
    );
  } else if (!upstream.isUp) {
    problems.push(
      html`<strong>Pushgateway is away.</strong> ${upstream.isSpooling ? KEPT : REFUSED} What follows is what it held last.`,
    );
  }
  if (upstream.isScrapeBroken) {
    problems.push(
      html`<strong>The scrape is broken.</strong> A group that is stored breaks it, so Prometheus sees nothing or not all. ${caller.seesAllTeams ? QUARANTINE : 'The operator has to look.'}`,
    );
  }
  return problems;
}

function renderExpired({ name }: CredentialView, now: number, at: number): Html {
  return html`<strong>The credential ${renderForeign(name)} expired</strong> ${renderTime(at, now)}. Jobs that use it are refused.`;
}

function renderExpiring({ name }: CredentialView, now: number, at: number): Html {
  return html`<strong>The credential ${renderForeign(name)} expires</strong> ${renderTime(at, now)}. Put a new one where the jobs read it.`;
}

function renderUpstream({ upstream }: PageView): Html {
  const [state, word] = !upstream.isUp
    ? ['bad', 'away']
    : upstream.isScrapeBroken
      ? ['bad', 'scrape broken']
      : ['good', 'up'];
  return html`<div><dt>Pushgateway</dt><dd><span class="dot ${state}"></span>${word}</dd></div>`;
}

function renderLastPush({ groups, now, caller }: PageView): Content {
  if (groups === undefined) return undefined;
  let last: (typeof groups)[number] | undefined;
  let failed = 0;
  for (const group of groups) {
    if ((group.pushedAt ?? 0) > (last?.pushedAt ?? 0)) last = group;
    if (hasFailed(group)) failed += 1;
  }
  const title = caller.seesAllTeams ? 'Newest push' : 'Your last push';
  const what =
    last?.pushedAt === undefined
      ? 'none yet'
      : html`${renderTime(last.pushedAt, now)}<small>${renderKey(last)}</small><small>${renderCount(last.series)} series${last.credential !== undefined && html` by ${renderForeign(last.credential)}`}</small>`;
  const failures =
    failed > 0 &&
    html`<div><dt>Last push failed</dt><dd class="bad"><a href="?failed=1#groups">${renderCount(failed)} ${failed === 1 ? 'group' : 'groups'}</a></dd></div>`;
  return html`<div class="wide"><dt>${title}</dt><dd>${what}</dd></div>${failures}`;
}

function renderLastRefusal({ refusals, now }: PageView): Html {
  const [last] = refusals;
  const what =
    last === undefined
      ? 'none since the start'
      : html`<a href="#refusals">${renderTime(last.at, now)}</a><small>${last.reason}</small>`;
  return html`<div><dt>Last refusal</dt><dd>${what}</dd></div>`;
}

const QUOTA_TITLES = { groups: 'Groups', series: 'Series', bytes: 'Size' } as const;

function renderQuota({ name, used, limit }: QuotaView): Html {
  const render = name === 'bytes' ? renderBytes : renderCount;
  const title = QUOTA_TITLES[name];
  const text = `${render(used)} of ${render(limit)}`;
  return html`<div><dt>${title}</dt><dd>${render(used)} <span class="quiet">of ${render(limit)}</span><meter min="0" max="${limit}" high="${limit * 0.9}" optimum="0" value="${Math.min(used, limit)}" aria-label="${title}: ${text}"></meter></dd></div>`;
}
