import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';

/** A page that nothing may go wrong on. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors on the console, exceptions, and requests to anywhere but `origin`. */
  readonly complaints: readonly string[];
}

interface WatchOptions {
  readonly origin: string;
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly javaScriptEnabled?: boolean;
}

/** Starts Chromium without a window; to be closed. */
export async function launchBrowser(): Promise<Browser> {
  // as root, which containers of CI systems are, it cannot make its sandbox
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return await chromium.launch({ executablePath: CHROMIUM, args });
}

/** Opens an empty page in a profile of its own. */
export async function openPage(browser: Browser, options: WatchOptions): Promise<WatchedPage> {
  const { origin, width = 1280, colorScheme = 'light', javaScriptEnabled = true } = options;
  const viewport = { width, height: 800 };
  const context = await browser.newContext({
    viewport,
    colorScheme,
    javaScriptEnabled,
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium reports every 401 and 403 as an error, also the one of the sign-in page
    const isStatus = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isStatus) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) complaints.push(url);
  });
  return { page, context, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** What axe finds wrong with the page as it is now, a line each. */
export async function findAxeViolations(page: Page): Promise<readonly string[]> {
  // Over the protocol of the browser, which no policy of the page applies to.
  await page.evaluate(axe.source);
  const found: unknown = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)].join(" ")))',
  );
  return Array.isArray(found) ? found.map(String) : ['axe did not run'];
}

/** How far the page is wider than its window. */
export async function measureOverflow(page: Page): Promise<number> {
  const width = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  return Number(await page.evaluate(width));
}
