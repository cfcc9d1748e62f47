import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import {
  findAxeViolations,
  launchBrowser,
  openPage,
  type WatchedPage,
} from '../../support/browser.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pushgateway, startPushgateway } from '../../support/pushgateway.ts';
import { tokenCredential } from '../../support/test-credential.ts';

/** The ways of use of the page, in a real browser before a real gateway. */

const TOKEN = tokenCredential('nightly');
const TEAMS = {
  payments: {
    jobs: ['settlement', 'payments_*'],
    allow: ['push', 'delete', 'read'],
    limits: { rate: '1000/s', burst: 10_000 },
    credentials: [TOKEN.spec],
  },
};

let browser: Browser;
let pushgateway: Pushgateway;
let gateway: TestGateway;
before(async () => {
  browser = await launchBrowser();
  pushgateway = await startPushgateway({ version: '1.5' });
  gateway = await startGateway({ upstream: { url: pushgateway.url }, teams: TEAMS });
});
after(async () => {
  await browser?.close();
  await gateway?.[Symbol.asyncDispose]();
  await pushgateway?.[Symbol.asyncDispose]();
});

async function push(path: string): Promise<void> {
  const headers = { authorization: TOKEN.authorization };
  await fetch(gateway.url + path, { method: 'PUT', headers, body: 'rows_total 3\n' });
}

/** Signs in by the keyboard alone. */
async function signIn(
  options: { readonly javaScriptEnabled?: boolean } = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, { origin: gateway.url, ...options });
  const { page } = watched;
  await page.goto(`${gateway.url}/`);
  // The browser focuses the field when it gets to it: what is typed before is lost.
  await page.locator('input[name="token"]:focus').waitFor();
  await page.keyboard.type(TOKEN.secret);
  assert.equal(await page.locator('input[name="token"]').inputValue(), TOKEN.secret);
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.keyboard.press('Enter');
  assert.equal((await answered).status(), 303, 'the sign-in was refused');
  await page.waitForURL(`${gateway.url}/ui/`);
  return watched;
}

for (const javaScriptEnabled of [true, false]) {
  const name = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript';
  test(`a person signs in, filters, sorts, deletes and signs out, ${name}`, async () => {
    await push('/metrics/job/settlement/instance/a');
    await push('/metrics/job/payments_daily');
    await push('/metrics/job/foreign');
    await using watched = await signIn({ javaScriptEnabled });
    const { page, complaints } = watched;
    await page.getByRole('rowheader', { name: /payments_daily/ }).waitFor();
    assert.match((await page.locator('#refusals').textContent()) ?? '', /job_not_allowed/);

    await page.getByRole('searchbox').fill('INSTANCE=a');
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('rowheader', { name: /payments_daily/ }).waitFor({ state: 'detached' });
    assert.equal(await page.getByRole('rowheader').count(), 2); // and one of a credential
    assert.match(page.url(), /q=INSTANCE/);
    assert.equal(await page.locator('#groups-count').textContent(), '1 of 2 groups');

    await page.getByRole('link', { name: 'Series' }).click();
    await page.locator('th[aria-sort="descending"]', { hasText: 'Series' }).waitFor();

    const metrics = page.getByRole('link', { name: '1 metric of settlement instance=a' });
    await metrics.click();
    await page.getByText('rows_total: untyped, 1 series').waitFor();
    assert.equal(await metrics.getAttribute('aria-expanded'), 'true');
    if (javaScriptEnabled) {
      // the keyboard stays where it was
      await page.locator('a[aria-expanded="true"]:focus').waitFor();
      await page.keyboard.press('Enter');
    } else await metrics.click();
    await page.getByText('rows_total: untyped').waitFor({ state: 'detached' });
    assert.match(page.url(), /q=INSTANCE/);

    await page.getByRole('link', { name: /Delete settlement/ }).click();
    await page.getByRole('textbox').fill('settlement');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${gateway.url}/ui/`);
    assert.match((await page.getByText('was deleted').textContent()) ?? '', /settlement/);
    const jobs = (await pushgateway.groups()).map(({ labels }) => labels['job']);
    assert.ok(!jobs.includes('settlement'));

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(complaints, []);
  });
}

test('a page of a real gateway is clean for axe, and refreshes in place', async () => {
  await push('/metrics/job/payments_daily');
  await using watched = await signIn();
  const { page, complaints } = watched;
  assert.deepEqual(await findAxeViolations(page), []);
  await push('/metrics/job/payments_new');
  // what the timer does after 15 seconds, and a return to the tab at once
  await page.evaluate("dispatchEvent(new Event('visibilitychange'))");
  await page.getByRole('rowheader', { name: /payments_new/ }).waitFor();
  assert.deepEqual(complaints, []);
});

test('a link from another site finds the session', async () => {
  await using watched = await signIn();
  const { page } = watched;
  await page.route('http://elsewhere.test/', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a href="${gateway.url}/ui/">groups</a>` }),
  );
  await page.goto('http://elsewhere.test/');
  await page.getByRole('link').click();
  await page.getByRole('heading', { name: 'Groups', exact: true }).waitFor();
});
