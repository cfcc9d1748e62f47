import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { parseGroupQuery } from '../../../src/http/page/group-query.ts';
import type { PageView } from '../../../src/http/page/page-view.ts';
import { renderDelete } from '../../../src/http/page/render-delete.ts';
import { renderNotice } from '../../../src/http/page/render-notice.ts';
import { renderOverview } from '../../../src/http/page/render-overview.ts';
import { renderSignIn } from '../../../src/http/page/render-sign-in.ts';
import {
  findAxeViolations,
  launchBrowser,
  measureOverflow,
  openPage,
} from '../../support/browser.ts';
import { NOW, sampleGroup, sampleRefusal, sampleView } from './sample-view.ts';

const ASSETS = new URL('../../../src/http/page/assets/', import.meta.url);
const assets = { styles: 'page.css', script: 'page.js' };
const VIEW = sampleView();
const root = './';

const overview = (given: Partial<PageView>, query = '') =>
  renderOverview(sampleView(given), parseGroupQuery(new URLSearchParams(query)), assets);
const expiring = (expiresAt: number) => ({
  team: 'payments',
  name: 'nightly',
  kind: 'token' as const,
  lastUsedAt: NOW,
  expiresAt,
});

const WAITING = {
  count: 31,
  newest: [
    {
      at: NOW,
      method: 'PUT',
      group: '/metrics/job/settlement',
      team: 'payments',
      credential: 'ci',
    },
    {
      at: NOW - 1,
      method: 'DELETE',
      group: `/metrics/job/${'x'.repeat(900)}`,
      team: 'payments',
      credential: 'ci',
    },
  ],
};

/** Every state that the page can be in. */
const STATES = {
  groups: overview({}),
  empty: overview({ groups: [], refusals: [] }),
  one: overview({ groups: [sampleGroup({ job: 'settlement' })] }),
  many: overview(
    {
      groups: Array.from({ length: 5000 }, (_, index) => sampleGroup({ job: `job_${index}` })),
      caller: { ...VIEW.caller, seesAllTeams: true },
    },
    'page=2&sort=-series',
  ),
  'nothing found': overview({}, 'q=nothing'),
  trouble: overview({
    upstream: { isUp: false, isScrapeBroken: true, isSpooling: true, waiting: WAITING },
    quotas: [{ name: 'groups', used: 500, limit: 500 }],
    credentials: [expiring(NOW - 1), expiring(NOW + 86_400_000)],
    notice: 'The group settlement was deleted.',
    contact: 'Ask #observability',
  }),
  hostile: overview({
    groups: [
      sampleGroup({
        job: '<script>document.title="broken"</script>',
        labels: [{ name: 'x', value: '"><img src=x onerror=document.title="broken">' }],
      }),
      sampleGroup({ job: 'x'.repeat(10_000), target: undefined }),
      sampleGroup({ job: '\u202egnp.exe', labels: [{ name: 'n', value: 'a\nb\u0000' }] }),
    ],
    refusals: [sampleRefusal({ detail: '<b>'.repeat(2000), target: '<'.repeat(300) })],
  }),
  'without read': overview({ groups: undefined, quotas: [] }),
  'sign-in': renderSignIn({ root, assets, hasPasswords: true }),
  'sign-in refused': renderSignIn({ root, assets, hasPasswords: true, problem: 'not valid' }),
  delete: renderDelete({
    now: NOW,
    caller: VIEW.caller,
    assets,
    group: sampleGroup({ job: 'settlement' }),
    csrf: 'x',
    problem: 'this is not the job',
  }),
  refused: renderNotice({ root, assets, title: 'Not deleted', lines: ['x'], requestId: 'y' }),
};

let browser: Browser;
let server: Server;
let origin: string;
before(async () => {
  browser = await launchBrowser();
  server = createServer((req, res) => {
    const name = decodeURIComponent(req.url?.slice(1) ?? '');
    const state = Object.entries(STATES).find(([known]) => known === name)?.[1];
    if (state !== undefined) {
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(state.toString());
    } else {
      const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
      res.writeHead(200, { 'content-type': type }).end(readFileSync(new URL(name, ASSETS)));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server
  origin = `http://127.0.0.1:${port}`;
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/** Where colours differ, and where the table is none any more. */
const COLOURED = ['groups', 'trouble', 'sign-in refused', 'delete'];
const looks = [
  { colorScheme: 'light', width: 1280, judged: Object.keys(STATES) },
  { colorScheme: 'dark', width: 1280, judged: COLOURED },
  { colorScheme: 'light', width: 320, judged: ['groups'] },
] as const;
for (const { judged, ...look } of looks) {
  for (const name of Object.keys(STATES)) {
    test(`${name} is sound, ${look.colorScheme}, ${look.width} px`, async () => {
      await using watched = await openPage(browser, { origin, ...look });
      const { page, complaints } = watched;
      await page.goto(`${origin}/${encodeURIComponent(name)}`);
      assert.equal(await measureOverflow(page), 0);
      assert.doesNotMatch(await page.title(), /broken/);
      if (judged.some((one) => one === name)) assert.deepEqual(await findAxeViolations(page), []);
      assert.deepEqual(complaints, []);
    });
  }
}
