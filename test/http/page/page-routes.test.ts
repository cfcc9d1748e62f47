import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { startGateway, startGatewayProcess, type TestGateway } from '../../support/gateway.ts';
import { startPushgateway } from '../../support/pushgateway.ts';
import { startRecordingUpstream } from '../../support/recording-upstream.ts';
import { basicCredential, tokenCredential } from '../../support/test-credential.ts';

const TOKEN = tokenCredential('nightly');
const OTHER = tokenCredential('other');
const ALICE = basicCredential('alice', 'secret');
const TEAMS = {
  payments: {
    jobs: ['settlement', 'payments_*'],
    allow: ['push', 'delete', 'read'],
    credentials: [TOKEN.spec, ALICE.spec],
  },
  data: { jobs: ['data_*'], allow: ['push', 'delete', 'read'], credentials: [OTHER.spec] },
};
const TARGET = '/metrics/job/settlement/instance/a';

const HTML = { accept: 'text/html,application/xhtml+xml' };
const ask = (url: string, path: string, init: RequestInit = {}) =>
  fetch(url + path, { redirect: 'manual', ...init });
const form = (fields: Readonly<Record<string, string>>, headers = {}): RequestInit => ({
  method: 'POST',
  headers,
  body: new URLSearchParams(fields),
});

async function signIn(url: string, token = TOKEN.secret): Promise<string> {
  const answer = await ask(url, '/ui/sign-in', form({ token }));
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get('location'), './');
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

const push = (url: string, path = TARGET) =>
  fetch(url + path, {
    method: 'PUT',
    headers: { authorization: TOKEN.authorization },
    body: 'rows_total 3\n',
  });

async function startStage(more: Readonly<Record<string, unknown>> = {}) {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(await startPushgateway({ version: '1.5' }));
  const gateway: TestGateway = stack.use(
    await startGateway({ upstream: { url: pushgateway.url }, teams: TEAMS, ...more }),
  );
  const owned = stack.move();
  return { pushgateway, ...gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test('/ is the page to a browser, and to everybody else what it was', async () => {
  await using gateway = await startStage();
  const program = await ask(gateway.url, '/');
  assert.equal(program.status, 401);
  assert.match(await program.text(), /^credential_missing: /);
  const browser = await ask(gateway.url, '/', { headers: HTML });
  assert.equal(browser.status, 401);
  assert.equal(browser.headers.get('www-authenticate'), 'Bearer realm="pushwarden"');
  assert.match(await browser.text(), /action="ui\/sign-in"/);
});

test('a token signs in with a cookie that no script and no other site can use', async () => {
  await using gateway = await startStage();
  const answer = await ask(gateway.url, '/ui/sign-in', form({ token: ` ${TOKEN.secret}\n` }));
  assert.match(
    answer.headers.get('set-cookie') ?? '',
    /^pushwarden_session=[\w-]{43}; Max-Age=28800; Path=\/ui\/; HttpOnly; SameSite=Strict$/,
  );
  const cookie = await signIn(gateway.url);
  const page = await ask(gateway.url, '/ui/', { headers: { cookie } });
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|http/);
  const text = await page.text();
  assert.doesNotMatch(text, /<style|<script>|\son\w+=|style=/);
  assert.doesNotMatch(text, new RegExp(TOKEN.secret));
});

test('the cookie counts under /ui/ alone', async () => {
  await using gateway = await startStage();
  const cookie = await signIn(gateway.url);
  const scrape = await ask(gateway.url, '/metrics', { headers: { cookie } });
  assert.equal(scrape.status, 401);
  const pushed = await ask(gateway.url, TARGET, {
    method: 'PUT',
    headers: { cookie },
    body: 'a 1\n',
  });
  assert.equal(pushed.status, 401);
});

test('a wrong token is refused, audited, and shown on the page', async () => {
  await using gateway = await startStage();
  const answer = await ask(gateway.url, '/ui/sign-in', form({ token: 'wrong' }));
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('set-cookie'), null);
  assert.match(await answer.text(), /Not signed in\./);
  const records = await gateway.auditRecords();
  const last = records.at(-1);
  assert.ok(last?.event === 'decision');
  assert.deepEqual([last.target, last.reason], ['/ui/sign-in', 'credential_invalid']);
  assert.doesNotMatch(JSON.stringify(records), /wrong/);
});

test('a form without a token, and what is no form, are told of on the page', async () => {
  await using gateway = await startStage();
  const empty = await ask(gateway.url, '/ui/sign-in', form({ token: ' ' }));
  assert.equal(empty.status, 401);
  assert.match(await empty.text(), /Not signed in\..*The form came without a token/s);
  const large = await ask(gateway.url, '/ui/sign-in', form({ token: 'x'.repeat(100_000) }));
  assert.equal(large.status, 401);
  assert.match(await large.text(), /The form did not arrive whole/);
});

test('the part of the groups is what the filter asks for, without the rest of the page', async () => {
  await using gateway = await startStage();
  const headers = { cookie: await signIn(gateway.url) };
  const part = await ask(gateway.url, '/ui/?part=groups&q=nothing', { headers });
  assert.equal(part.status, 200);
  assert.equal(part.headers.get('cache-control'), 'no-store');
  const text = await part.text();
  assert.match(text, /id="groups-count".*id="groups"/s);
  assert.doesNotMatch(text, /<html|id="refusals"|id="snippets"/);
  assert.equal((await ask(gateway.url, '/ui/?part=groups')).status, 401);
});

test('a password signs in where the browser asks for it, and only there', async () => {
  await using gateway = await startStage();
  const asked = await ask(gateway.url, '/ui/sign-in/basic');
  assert.equal(asked.status, 401);
  assert.match(asked.headers.get('www-authenticate') ?? '', /^Basic /);
  const headers = { authorization: ALICE.authorization };
  const answer = await ask(gateway.url, '/ui/sign-in/basic', { headers });
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, '../']);
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const page = await ask(gateway.url, '/ui/', { headers: { cookie } });
  assert.match(await page.text(), /as alice</);
});

test('wrong passwords are throttled as everywhere', async () => {
  await using gateway = await startStage({ failures: { per: '1m', limit: 2 } });
  const wrong = `Basic ${Buffer.from('alice:wrong').toString('base64')}`;
  const statuses: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    const answer = await ask(gateway.url, '/ui/sign-in/basic', {
      headers: { authorization: wrong },
    });
    statuses.push(answer.status);
  }
  assert.deepEqual(statuses, [401, 401, 429]);
});

test('an Authorization decides alone, and needs no sign-in', async () => {
  await using gateway = await startStage();
  const cookie = await signIn(gateway.url);
  const own = await ask(gateway.url, '/ui/', {
    headers: { authorization: OTHER.authorization, cookie },
  });
  assert.match(await own.text(), /Team <strong>data</);
  const wrong = await ask(gateway.url, '/ui/', { headers: { authorization: 'Bearer x', cookie } });
  assert.equal(wrong.status, 401);
});

test('the page has the push that came, the refusal, and not those of another team', async () => {
  await using gateway = await startStage();
  assert.equal((await push(gateway.url)).status, 200);
  assert.equal((await push(gateway.url, '/metrics/job/secret_job')).status, 403);
  const own = await ask(gateway.url, '/ui/', { headers: { cookie: await signIn(gateway.url) } });
  const text = await own.text();
  assert.match(text, /settlement.*instance=/s);
  assert.match(text, /job_not_allowed.*secret_job/s);
  const cookie = await signIn(gateway.url, OTHER.secret);
  const other = await ask(gateway.url, '/ui/', { headers: { cookie } });
  assert.doesNotMatch(await other.text(), /settlement|secret_job|nightly/);
});

test('a job that is too long to type, or that no key types, is confirmed as the page shows it', async () => {
  await using gateway = await startStage();
  const target = `/metrics/job/payments_${'x'.repeat(300)}`;
  assert.equal((await push(gateway.url, target)).status, 200);
  const headers = { cookie: await signIn(gateway.url) };
  const asked = await ask(gateway.url, `/ui/delete?${new URLSearchParams({ target })}`, {
    headers,
  });
  const text = await asked.text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const confirm = /type the job: <bdi[^>]*>([^<]+)</.exec(text)?.[1] ?? '';
  assert.ok(confirm.length < 100 && confirm.endsWith('…'), confirm);
  const deleted = await ask(gateway.url, '/ui/delete', form({ target, csrf, confirm }, headers));
  assert.equal(deleted.status, 303);
  assert.equal((await gateway.pushgateway.groups()).length, 0);
});

test('a group is deleted as by a DELETE, once its job was typed', async () => {
  await using gateway = await startStage();
  await push(gateway.url);
  const headers = { cookie: await signIn(gateway.url) };
  const asked = await ask(gateway.url, `/ui/delete?${new URLSearchParams({ target: TARGET })}`, {
    headers,
  });
  assert.equal(asked.status, 200);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await asked.text())?.[1] ?? '';
  const attempt = async (fields: object, more = {}): Promise<number> => {
    const all = { target: TARGET, csrf, confirm: 'settlement', ...fields };
    return (await ask(gateway.url, '/ui/delete', form(all, { ...headers, ...more }))).status;
  };
  assert.equal(await attempt({ csrf: 'x' }), 403);
  assert.equal(await attempt({ csrf: '' }), 403);
  assert.equal(await attempt({ confirm: 'other' }), 400);
  assert.equal(await attempt({}, { origin: 'https://evil.example' }), 403);
  assert.equal(await attempt({}, { 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await attempt({}, { cookie: await signIn(gateway.url, OTHER.secret) }), 403);
  assert.equal((await gateway.pushgateway.groups()).length, 1);
  assert.equal(await attempt({}), 303);
  assert.equal((await gateway.pushgateway.groups()).length, 0);

  const deleted = (await gateway.auditRecords()).filter(
    (record) => record.event === 'decision' && record.method === 'DELETE',
  );
  assert.deepEqual(
    deleted.map((record) => record.event === 'decision' && [record.target, record.credential]),
    [[TARGET, 'nightly']],
  );
  const once = await (await ask(gateway.url, '/ui/', { headers })).text();
  assert.match(once, /The group settlement was deleted\./);
  const twice = await (await ask(gateway.url, '/ui/', { headers })).text();
  assert.doesNotMatch(twice, /was deleted/);
});

test('another team’s group can be neither seen nor deleted', async () => {
  await using gateway = await startStage();
  await push(gateway.url);
  const headers = { cookie: await signIn(gateway.url, OTHER.secret) };
  const asked = await ask(gateway.url, `/ui/delete?${new URLSearchParams({ target: TARGET })}`, {
    headers,
  });
  assert.equal(asked.status, 404);
});

test('signing out ends the session for good', async () => {
  await using gateway = await startStage();
  const headers = { cookie: await signIn(gateway.url) };
  const foreign = form({}, { ...headers, origin: 'https://evil.example' });
  assert.equal((await ask(gateway.url, '/ui/sign-out', foreign)).status, 403);
  assert.equal((await ask(gateway.url, '/ui/', { headers })).status, 200);
  assert.equal((await ask(gateway.url, '/ui/sign-out', form({}, headers))).status, 303);
  assert.equal((await ask(gateway.url, '/ui/', { headers })).status, 401);
});

test('a session ends when its credential is another one after a reload, and the log says why no other begins', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess({
    upstream: { url: upstream.url },
    teams: TEAMS,
  });
  const headers = { cookie: await signIn(gateway.url) };
  const kept = { cookie: await signIn(gateway.url, OTHER.secret) };
  const config = await readFile(gateway.configFile, 'utf8');
  const next = config.replace(String(TOKEN.spec['sha256']), 'ab'.repeat(32));
  assert.notEqual(next, config);
  await writeFile(gateway.configFile, next);
  assert.equal((await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' })).status, 200);
  assert.equal((await ask(gateway.url, '/ui/', { headers })).status, 401);
  assert.equal((await ask(gateway.url, '/ui/', { headers: kept })).status, 200);
  const again = await ask(gateway.url, '/ui/sign-in', form({ token: TOKEN.secret }));
  assert.equal(again.status, 401);
  const requestId = again.headers.get('x-request-id') ?? 'none';
  await eventually('a line of the refusal', async () =>
    gateway.log.find((line) => line.includes(requestId) && line.includes('credential_invalid')),
  );
  assert.doesNotMatch(gateway.log.join('\n'), new RegExp(TOKEN.secret));
});

const PROXIED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'push.example.com' };
const origins = [
  ['of the connection', {}, {}, (own: string) => own, false],
  [
    'of a trusted proxy',
    { trusted_proxies: ['127.0.0.1'] },
    PROXIED,
    'https://push.example.com',
    true,
  ],
  ['not of anybody', {}, PROXIED, (own: string) => own, false],
  [
    'of ui.url',
    { ui: { url: 'https://push.example.com/gw' } },
    {},
    'https://push.example.com',
    true,
  ],
] as const;
for (const [name, config, headers, origin, isSecure] of origins) {
  test(`the origin is that ${name}`, async () => {
    await using gateway = await startStage(config);
    const own = typeof origin === 'string' ? origin : origin(gateway.url);
    const signed = await ask(
      gateway.url,
      '/ui/sign-in',
      form({ token: TOKEN.secret }, { ...headers, origin: own }),
    );
    assert.equal(signed.status, 303);
    const cookie = signed.headers.get('set-cookie') ?? '';
    assert.equal(cookie.includes('; Secure'), isSecure);
    assert.equal(cookie.includes('Path=/gw/ui/'), 'ui' in config);
    const wrong = form({ token: TOKEN.secret }, { ...headers, origin: 'https://evil.example' });
    assert.equal((await ask(gateway.url, '/ui/sign-in', wrong)).status, 403);
    const page = await ask(gateway.url, '/ui/', {
      headers: { ...headers, authorization: TOKEN.authorization },
    });
    assert.match(await page.text(), new RegExp(`${own}(/gw)?/metrics/job/settlement`));
  });
}

test('with a path prefix and without it, the cookie is for where the browser is', async () => {
  await using gateway = await startStage({ path_prefix: '/pushgateway' });
  for (const prefix of ['/pushgateway', '']) {
    const url = gateway.url + prefix;
    const signed = await ask(url, '/ui/sign-in', form({ token: TOKEN.secret }));
    const cookie = signed.headers.get('set-cookie') ?? '';
    assert.ok(cookie.includes(`; Path=${prefix}/ui/;`), cookie);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    const page = await (await ask(url, '/ui/', { headers })).text();
    assert.ok(page.includes(`${url}/metrics/job/settlement`));
  }
});

test('off, there is no page', async () => {
  await using gateway = await startStage({ ui: 'off' });
  const asked = await ask(gateway.url, '/ui/', { headers: HTML });
  assert.equal(asked.status, 401);
  assert.match(await asked.text(), /^credential_missing/);
  const headers = { ...HTML, authorization: TOKEN.authorization };
  assert.equal((await ask(gateway.url, '/ui/', { headers })).status, 404);
});

test('whom to ask is on the page and the last line of refusals', async () => {
  await using gateway = await startStage({ ui: { contact: 'ask #metrics' } });
  const refused = await push(gateway.url, '/metrics/job/x');
  assert.match(await refused.text(), /\nask #metrics\n$/);
  const page = await ask(gateway.url, '/ui/');
  assert.match(await page.text(), /ask #metrics/);
});

test('unknown paths and methods, forms that are none', async () => {
  await using gateway = await startStage();
  const headers = { cookie: await signIn(gateway.url) };
  assert.equal((await ask(gateway.url, '/ui/x', { headers })).status, 404);
  assert.equal((await ask(gateway.url, '/ui/x')).status, 401);
  const put = await ask(gateway.url, '/ui/delete', { method: 'PUT', headers });
  assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, POST']);
  const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  assert.equal((await ask(gateway.url, '/ui/sign-in', json)).status, 401);
});
