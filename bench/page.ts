import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseGroupQuery } from '../src/http/page/group-query.ts';
import { renderGroupParts } from '../src/http/page/render-groups.ts';
import { renderOverview } from '../src/http/page/render-overview.ts';
import { NOW, sampleGroup, sampleView } from '../test/http/page/sample-view.ts';
import { launchBrowser, openPage, type WatchedPage } from '../test/support/browser.ts';

/** How long the page of many groups takes: to be rendered, painted by Chromium, and filtered. */

const GROUPS = 5000;
const RUNS = 5;
const ASSETS = new URL('../src/http/page/assets/', import.meta.url);

const view = sampleView({
  groups: Array.from({ length: GROUPS }, (_, index) =>
    sampleGroup({
      job: `payments_batch_${index % 400}`,
      labels: [{ name: 'instance', value: `host-${index}` }],
      pushedAt: NOW - index * 61_000,
      series: index % 97,
    }),
  ),
});
const render = (search: string): string => {
  const params = new URLSearchParams(search);
  const query = parseGroupQuery(params);
  if (params.has('part')) return renderGroupParts(view, view.groups ?? [], query).toString();
  return renderOverview(view, query, { styles: 'page.css', script: 'page.js' }).toString();
};

const server = createServer((req, res) => {
  const { pathname, search } = new URL(req.url ?? '', 'http://localhost');
  const file = pathname.slice(1);
  if (file === '') res.setHeader('content-type', 'text/html').end(render(search));
  else {
    const type = file.endsWith('.css') ? 'text/css' : 'text/javascript';
    res.setHeader('content-type', type).end(readFileSync(new URL(file, ASSETS)));
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo; // of a TCP server
const origin = `http://127.0.0.1:${port}`;

const FIRST_PAINT = `new Promise((resolve) => {
  const observer = new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries())
      if (name === 'first-contentful-paint') resolve(startTime);
  });
  observer.observe({ type: 'paint', buffered: true });
})`;
const FILTER = `new Promise((resolve) => {
  const input = document.querySelector('#filter input');
  const begun = performance.now();
  new MutationObserver(() => resolve(performance.now() - begun))
    .observe(document.getElementById('groups'), { childList: true });
  input.value = 'instance=host-4999';
  input.dispatchEvent(new Event('input', { bubbles: true }));
})`;

/** CPU time of the page's own thread so far, milliseconds: what a loaded machine does not change. */
async function watchWork({ context, page }: WatchedPage): Promise<() => Promise<number>> {
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0);
  };
}

const browser = await launchBrowser();
for (let run = 0; run < RUNS; run += 1) {
  const begun = performance.now();
  render('sort=-series');
  const rendered = performance.now() - begun;
  await using watched = await openPage(browser, { origin });
  const work = await watchWork(watched);
  await watched.page.goto(`${origin}/`);
  const painted = Number(await watched.page.evaluate(FIRST_PAINT));
  const painting = await work();
  const filtered = Number(await watched.page.evaluate(FILTER));
  const filtering = (await work()) - painting;
  const row = { rendered, painted, 'of it work': painting, filtered, 'of that work': filtering };
  const texts = Object.entries(row).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`);
  console.log(`${GROUPS} groups: ${texts.join(', ')}`);
}
await browser.close();
server.closeAllConnections();
server.close();
