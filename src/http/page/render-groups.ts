import {
  type GroupQuery,
  type GroupSelection,
  hasFailed,
  renderGroupQuery,
  type SortKey,
  selectGroups,
} from './group-query.ts';
import { type Content, type Html, html } from './html.ts';
import type { FamilyView, GroupView, PageView } from './page-view.ts';
import { renderKey, renderKeyText } from './render-parts.ts';
import { createSnippets } from './snippets.ts';
import { renderBytes, renderCount, renderForeign, renderTime } from './words.ts';

/** Families of a group that are listed. */
const LISTED_FAMILIES = 40;

interface Column {
  readonly title: string;
  /** Class of its heading, which sets its width; the group has what is left. */
  readonly name: string;
  readonly sort?: SortKey;
  /** Whether the first click sorts from the largest. */
  readonly isDescending?: boolean;
  readonly isNumber?: boolean;
  readonly render: (group: GroupView, view: PageView, query: GroupQuery) => Content;
}

const GROUP: Column = { title: 'Group', name: 'group', sort: 'job', render: renderGroup };
const TEAM: Column = {
  title: 'Team',
  name: 'team',
  sort: 'team',
  render: ({ team }) =>
    team === undefined ? html`<span class="quiet">none</span>` : renderForeign(team),
};
const REST: readonly Column[] = [
  { title: 'Last push', name: 'pushed', sort: 'pushed', isDescending: true, render: renderPushed },
  {
    title: 'By',
    name: 'by',
    render: ({ credential }) => credential !== undefined && renderForeign(credential),
  },
  {
    title: 'Series',
    name: 'series',
    sort: 'series',
    isDescending: true,
    isNumber: true,
    render: ({ series }) => renderCount(series),
  },
  {
    title: 'Size',
    name: 'size',
    sort: 'bytes',
    isDescending: true,
    isNumber: true,
    render: ({ bytes }) => bytes !== undefined && renderBytes(bytes),
  },
  {
    title: 'Expires',
    name: 'expires',
    sort: 'expires',
    render: ({ expiresAt }, { now }) =>
      expiresAt === undefined ? html`<span class="quiet">never</span>` : renderEnd(expiresAt, now),
  },
];

/** The table of groups with its filter, headings that sort, and pages. */
export function renderGroups(
  view: PageView,
  groups: readonly GroupView[],
  query: GroupQuery,
): Html {
  const { count, table } = renderParts(view, groups, query);
  return html`<section aria-labelledby="groups-title">
<div class="bar"><h2 id="groups-title">Groups</h2>
${count}
${groups.length > 0 && renderFilter(query)}</div>
${table}
</section>`;
}

/** What of it changes with the query: all that the module asks for while somebody types. */
export function renderGroupParts(
  view: PageView,
  groups: readonly GroupView[],
  query: GroupQuery,
): Html {
  const { count, table } = renderParts(view, groups, query);
  return html`${count}
${table}
`;
}

function renderParts(view: PageView, groups: readonly GroupView[], query: GroupQuery) {
  const selection = selectGroups(groups, query);
  const total = renderTotal(selection, groups.length, query);
  return {
    count: html`<p class="quiet" role="status" id="groups-count" data-live>${total}</p>`,
    table: html`<div id="groups" data-live>
${groups.length === 0 ? renderEmpty(view) : renderTable(view, selection, query)}
</div>`,
  };
}

function renderFilter(query: GroupQuery): Html {
  return html`<form method="get" action="./" id="filter" role="search">
<input type="search" name="q" value="${query.filter}" placeholder="job, label=value, credential" aria-label="Filter the groups" autocomplete="off" spellcheck="false">
<label class="check"><input type="checkbox" name="failed" value="1"${query.onlyFailed && html` checked`}> only failed</label>
<button>Filter</button>
</form>`;
}

function renderTotal(
  { count, page, pages }: GroupSelection,
  all: number,
  query: GroupQuery,
): string {
  const isFiltered = query.filter !== '' || query.onlyFailed;
  const shown = isFiltered ? `${renderCount(count)} of ${renderCount(all)}` : renderCount(all);
  const noun = all === 1 ? 'group' : 'groups';
  return pages === 1 ? `${shown} ${noun}` : `${shown} ${noun}, page ${page} of ${pages}`;
}

function renderEmpty({ caller, snippets }: PageView): Html {
  const [first] = createSnippets(snippets);
  return html`<div class="empty"><p><strong>${caller.seesAllTeams ? 'Nothing is stored.' : `Nothing of team ${caller.team} is stored.`}</strong> Push something, and it appears here:</p>
<pre tabindex="0" role="group" aria-label="A first push"><code>${first?.code}</code></pre></div>`;
}

function renderTable(view: PageView, selection: GroupSelection, query: GroupQuery): Html {
  if (selection.count === 0) {
    return html`<div class="empty"><p>No group matches. <a href="./#groups" data-groups>Show all</a></p></div>`;
  }
  const columns = view.caller.seesAllTeams ? [GROUP, TEAM, ...REST] : [GROUP, ...REST];
  const { mayDelete } = view.caller;
  return html`<table class="groups" role="table">
<thead role="rowgroup"><tr role="row">${columns.map((column) => renderHeading(column, query))}${mayDelete && html`<th role="columnheader" scope="col" class="action"><span class="hidden">Delete</span></th>`}</tr></thead>
<tbody role="rowgroup">
${selection.groups.map((group) => renderRow(group, view, query, columns))}</tbody>
</table>
${renderPages(selection, query)}`;
}

function renderHeading(
  { title, name, sort, isDescending = false, isNumber }: Column,
  query: GroupQuery,
): Html {
  const style = isNumber ? `${name} number` : name;
  if (sort === undefined)
    return html`<th role="columnheader" scope="col" class="${style}">${title}</th>`;
  const isSorted = query.sort === sort;
  const next = {
    ...query,
    sort,
    isDescending: isSorted ? !query.isDescending : isDescending,
    page: 1,
    open: '',
  };
  const direction = query.isDescending ? 'descending' : 'ascending';
  return html`<th role="columnheader" scope="col" class="${style}"${isSorted && html` aria-sort="${direction}"`}><a href="./${renderGroupQuery(next)}#groups" data-groups>${title}</a></th>`;
}

function renderRow(
  group: GroupView,
  view: PageView,
  query: GroupQuery,
  columns: readonly Column[],
): Html {
  const cells = columns.map((column, index) => {
    const content = column.render(group, view, query);
    if (index === 0) return html`<th role="rowheader" scope="row">${content}</th>`;
    return html`<td role="cell" data-title="${column.title}"${column.isNumber && html` class="number"`}>${content}</td>`;
  });
  return html`<tr role="row">${cells}${view.caller.mayDelete && renderDeleteLink(group)}</tr>
`;
}

function renderDeleteLink(group: GroupView): Html {
  const { target } = group;
  if (target === undefined) {
    return html`<td role="cell" class="action"><span class="quiet">operator only</span></td>`;
  }
  return html`<td role="cell" class="action"><a href="delete?${new URLSearchParams({ target }).toString()}" aria-label="Delete ${renderKeyText(group)}">Delete</a></td>`;
}

function renderGroup(group: GroupView, _view: PageView, query: GroupQuery): Html {
  return html`${renderKey(group)}${group.families.length > 0 && renderFamilies(group, query)}`;
}

/** How many metrics it has, as a link that lists them or hides them again. */
function renderFamilies(group: GroupView, query: GroupQuery): Html {
  const { families } = group;
  const name = group.target ?? renderKeyText(group);
  const isOpen = query.open === name;
  const next = { ...query, open: isOpen ? '' : name };
  const count = `${families.length} ${families.length === 1 ? 'metric' : 'metrics'}`;
  const link = html` <a class="metrics" href="./${renderGroupQuery(next)}#groups" data-groups aria-expanded="${String(isOpen)}" aria-label="${count} of ${renderKeyText(group)}">${count}</a>`;
  if (!isOpen) return link;
  const listed = families.slice(0, LISTED_FAMILIES);
  const more = families.length - listed.length;
  return html`${link}<ul>${listed.map(renderFamily)}${more > 0 && html`<li class="quiet">and ${more} more</li>`}</ul>`;
}

function renderFamily({ name, type, series }: FamilyView): Html {
  return html`<li>${renderForeign(name)}: ${type}, ${renderCount(series)} series</li>`;
}

/** A group that is due goes with the next run of the janitor. */
function renderEnd(at: number, now: number): Html {
  return at <= now
    ? html`<span title="${new Date(at).toISOString()}">due</span>`
    : renderTime(at, now);
}

function renderPushed(group: GroupView, { now }: PageView): Content {
  const { pushedAt, failedAt } = group;
  const pushed =
    pushedAt === undefined
      ? html`<span class="quiet">never stored</span>`
      : renderTime(pushedAt, now);
  if (failedAt === undefined) return pushed;
  const state = hasFailed(group) ? 'bad' : 'quiet';
  return html`${pushed} <small class="${state}">failed ${renderTime(failedAt, now)}</small>`;
}

function renderPages({ page, pages }: GroupSelection, query: GroupQuery): Content {
  if (pages === 1) return undefined;
  const link = (to: number, text: string, rel: string): Html =>
    html`<a rel="${rel}" href="./${renderGroupQuery({ ...query, page: to, open: '' })}#groups" data-groups>${text}</a>`;
  return html`<nav class="pages" aria-label="Pages of groups">
${page > 1 ? link(page - 1, 'Previous', 'prev') : html`<span class="quiet">Previous</span>`}
<span>Page ${page} of ${pages}</span>
${page < pages ? link(page + 1, 'Next', 'next') : html`<span class="quiet">Next</span>`}
</nav>`;
}
