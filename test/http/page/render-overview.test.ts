import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { REASON_NAMES } from '../../../src/core/reason.ts';
import { parseGroupQuery } from '../../../src/http/page/group-query.ts';
import type { PageView } from '../../../src/http/page/page-view.ts';
import { renderOverview } from '../../../src/http/page/render-overview.ts';
import { NOW, sampleGroup, sampleRefusal, sampleView } from './sample-view.ts';

const ASSETS = { styles: 'page.css', script: 'page.js' };
const render = (view: PageView, query = '') =>
  renderOverview(view, parseGroupQuery(new URLSearchParams(query)), ASSETS).toString();

/** What the page says, without its markup. */
const textOf = (page: string) => page.replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ');

test('the first look says when the last push came, with what, and what was refused', () => {
  const text = textOf(render(sampleView()));
  assert.match(text, /Your last push2 minutes ago ?settlement instance=a ?31 series by nightly/);
  assert.match(text, /Last push failed2 groups/);
  assert.match(text, /Last refusal14 minutes ago ?job_not_allowed/);
  assert.match(text, /Groups4 of 500/);
});

for (const reason of REASON_NAMES) {
  test(`a refusal for ${reason} says what to change`, () => {
    const text = textOf(render(sampleView({ refusals: [sampleRefusal({ reason })] })));
    const advice = /settlment&quot;\s*([A-Z].*?[.]) ?PUT/.exec(text)?.[1];
    assert.ok(advice !== undefined && advice.length > 20, text);
  });
}

const states: readonly (readonly [string, Partial<PageView>, RegExp])[] = [
  ['no group', { groups: [] }, /Nothing of team payments is stored\. Push something/],
  [
    'an upstream that is away',
    { upstream: { isUp: false, isScrapeBroken: false, isSpooling: false } },
    /is away\. Pushes are refused until it is back\./,
  ],
  [
    'an upstream that is away while pushes are kept',
    { upstream: { isUp: false, isScrapeBroken: false, isSpooling: true } },
    /is away\. The gateway keeps pushes, and sends them when it is back\./,
  ],
  [
    'what is kept until the upstream is back',
    {
      upstream: {
        ...{ isUp: false, isScrapeBroken: false, isSpooling: true },
        waiting: {
          count: 2000,
          newest: [
            {
              ...{ at: NOW - 60_000, method: 'PUT', group: '/metrics/job/<b>' },
              ...{ team: 'payments', credential: 'ci' },
            },
          ],
        },
      },
    },
    /Kept until Pushgateway is back 2.000 requests, the newest 1 of them; .* PUT \/metrics\/job\/&lt;b&gt; 1 minute ago by ci/,
  ],
  [
    'a broken scrape',
    { upstream: { isUp: true, isScrapeBroken: true, isSpooling: false } },
    /scrape is broken\./,
  ],
  [
    'a group that is due',
    { groups: [sampleGroup({ job: 'a', expiresAt: NOW - 1 })] },
    /KiBdueDelete/,
  ],
  [
    'how to push with a password',
    { snippets: { url: 'https://x.example.com', job: 'a', login: 'password' } },
    /The password is read .*PUSH_USER.*PUSH_PASSWORD/,
  ],
  [
    'a full quota',
    { quotas: [{ name: 'series', used: 100, limit: 100 }] },
    /The quota of series is full\./,
  ],
  [
    'an expired credential',
    {
      credentials: [
        { team: 'payments', name: 'old', kind: 'token', lastUsedAt: undefined, expiresAt: NOW },
      ],
    },
    /The credential old expired now\./,
  ],
  ['something that was done', { notice: 'The group a was deleted.' }, /The group a was deleted\./],
  ['whom to ask', { contact: 'Ask #metrics' }, /Ask #metrics/],
];
for (const [name, given, want] of states) {
  test(`the page shows ${name}`, () => {
    assert.match(textOf(render(sampleView(given))), want);
  });
}

test('a team that may not read sees no groups, but its refusals, credentials and snippets', () => {
  const text = textOf(render(sampleView({ groups: undefined, quotas: [] })));
  assert.doesNotMatch(text, /Your last push|0 groups/);
  assert.match(text, /Refused.*Credentials.*How to push/);
});

test('a team that may not delete gets no link to it', () => {
  const { caller } = sampleView();
  const page = render(sampleView({ caller: { ...caller, mayDelete: false } }));
  assert.doesNotMatch(page, /href="delete/);
});

test('hostile values make no markup, end no line and reorder nothing', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 300 });
  const view = sampleView();
  const all = { ...view.caller, seesAllTeams: true };
  const plain = tagsOf(render({ ...view, ...viewOf('plain'), caller: all }));
  fc.assert(
    fc.property(hostile, (text) => {
      const page = render({ ...view, ...viewOf(`${text}x`), caller: all });
      assert.deepEqual(tagsOf(page), plain);
      assert.doesNotMatch(page, /(?![\n\t\u202f\u00a0])[\p{Cc}\p{Cf}]/u);
    }),
    { numRuns: 50 },
  );
});

function viewOf(text: string): Partial<PageView> {
  const group = sampleGroup({
    job: text,
    target: '/metrics/job/plain',
    labels: [{ name: 'label', value: text }],
    team: text,
    credential: text,
    families: [{ name: text, type: 'gauge', series: 1 }],
  });
  return {
    groups: [group],
    refusals: [sampleRefusal({ detail: text, target: text, credential: text, hints: [text] })],
    contact: text,
    notice: text,
  };
}

/** Names of the tags and attributes, in order, without those in which foreign text stands apart. */
function tagsOf(page: string): readonly string[] {
  const tags = [
    ...page
      .replaceAll(/<bdi(?: title="[^"]*")?>|<\/bdi>/g, '')
      .matchAll(/<(\/?[a-z0-9]+)((?:\s[a-z-]+(?:="[^"]*")?)*)>/g),
  ];
  return tags.map(([, tag, attributes = '']) => `${tag}${attributes.replaceAll(/="[^"]*"/g, '')}`);
}
