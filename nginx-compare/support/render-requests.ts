import { PUSHGATEWAYS } from '../../test/support/pushgateway.ts';
import { SECTIONS, type Section } from '../requests/all.ts';
import type { ComparedRequest, Intent } from '../requests/request.ts';
import type { Result } from './compare.ts';
import { PROXIES, type ProxyName } from './proxies.ts';

/** The results as Markdown; what was not run is said to be so. */
export function renderRequests(programs: readonly string[], results: readonly Result[]): string {
  const parts = [
    '# What each let through',
    'Made by `npm run compare -- requests`; how to read it: [README](../README.md#the-requests).',
    programs.map((program) => `- ${program}`).join('\n'),
    renderScores(results),
    ...SECTIONS.map((section) => renderSection(section, results)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function renderScores(results: readonly Result[]): string {
  const row = ({ title, requests }: Pick<Section, 'title' | 'requests'>): string => {
    const names = new Set(requests.map(({ name }) => name));
    const within = results.filter(({ request }) => names.has(request));
    const cells = PROXIES.map((proxy) => renderScore(within, proxy));
    return renderRow([title, ...cells]);
  };
  const all = { title: '**all**', requests: SECTIONS.flatMap(({ requests }) => requests) };
  return [
    renderRow(['right, in front of both Pushgateways', ...PROXIES]),
    renderRow(['---', ...PROXIES.map(() => '---')]),
    ...[...SECTIONS, all].map(row),
  ].join('\n');
}

/** A request counts as right when it is right in front of every Pushgateway. */
function renderScore(results: readonly Result[], proxy: ProxyName): string {
  const own = Object.values(
    Object.groupBy(
      results.filter((result) => result.proxy === proxy),
      ({ request }) => request,
    ),
  );
  const right = own.filter((both) => both?.every(({ wrong }) => wrong.length === 0));
  return `${right.length} of ${own.length}`;
}

function renderSection({ title, requests }: Section, results: readonly Result[]): string {
  const rows = requests.map((request) => {
    const cells = PROXIES.map((proxy) => renderCell(request, proxy, results));
    return renderRow([request.what, renderIntent(request.intent), ...cells]);
  });
  const head = [renderRow(['request', 'meant to be', ...PROXIES]), '|---|---|---|---|---|'];
  return [`## ${title}`, [...head, ...rows].join('\n')].join('\n\n');
}

function renderCell(
  { name }: ComparedRequest,
  proxy: ProxyName,
  results: readonly Result[],
): string {
  const own = results.filter((result) => result.request === name && result.proxy === proxy);
  const texts = new Set(own.map(renderResult));
  if (texts.size === 1) return [...texts].join('');
  const byVersion = PUSHGATEWAYS.map((version) => {
    const result = own.find(({ pushgateway }) => pushgateway === version);
    return `${version}: ${result === undefined ? 'not run' : renderResult(result)}`;
  });
  return byVersion.join('<br>');
}

function renderResult({ answer, wrong }: Result): string {
  return wrong.length === 0 ? `right, ${answer}` : `**wrong**, ${answer}: ${wrong.join('; ')}`;
}

function renderIntent(intent: Intent): string {
  switch (intent.effect) {
    case 'accept':
      return 'stored';
    case 'delete':
      return 'deleted';
    case 'read':
      return 'answered';
    case 'throttle':
      return `at most ${intent.most} let through`;
    case 'refuse':
      return 'refused';
    case 'no harm':
      return 'without harm';
  }
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
