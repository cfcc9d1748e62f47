import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { type Pushgateway, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';

const TOKEN = tokenCredential('payments');
const READER = tokenCredential('prometheus');

test('upstreams come, go and change at a reload; a group stays where it is', {
  skip: pushgatewayMissing('1.11'),
}, async () => {
  await using first = await startPushgateway({ version: '1.11' });
  await using second = await startPushgateway({ version: '1.11' });
  const team = { jobs: ['pay_*'], allow: ['push', 'delete'], credentials: [TOKEN.spec] };
  const prometheus = { jobs: ['*'], allow: ['read'], credentials: [READER.spec] };
  const document = (upstreams: object, upstream?: string) => ({
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    audit: { file: 'audit.jsonl', sync: 'none' },
    ...upstreams,
    teams: {
      payments: { ...team, ...(upstream && { upstream }), limits: { groups: 3 } },
      prometheus,
    },
  });
  await using gateway = await startGatewayProcess({
    ...document({}),
    upstream: { url: first.url },
  });
  const reload = async (upstreams: object, upstream?: string): Promise<void> => {
    await writeFile(gateway.configFile, JSON.stringify(document(upstreams, upstream)));
    const answer = await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' });
    assert.equal(answer.status, 200, await answer.text());
  };
  const push = async (job: string, body: string): Promise<number> => {
    const headers = { authorization: TOKEN.authorization };
    const answer = await fetch(`${gateway.url}/metrics/job/${job}`, {
      method: 'PUT',
      headers,
      body,
    });
    return answer.status;
  };
  const jobsOf = async (pushgateway: Pushgateway) =>
    (await pushgateway.groups()).map(({ labels }) => labels['job']).sort();
  const metrics = async (): Promise<string> => (await fetch(`${gateway.adminUrl}/metrics`)).text();

  assert.equal(await push('pay_a', '# TYPE m gauge\nm 1\n'), 200);
  const [a, b] = [{ url: first.url }, { url: second.url }];
  await reload({ upstreams: { a, b } }, 'b');
  assert.equal(await push('pay_a', '# TYPE m gauge\nm 2\n'), 200);
  assert.equal(await push('pay_b', '# TYPE m gauge\nm 3\n'), 200);
  assert.equal(await push('pay_c', '# TYPE m counter\nm 3\n'), 400);
  assert.deepEqual([await jobsOf(first), await jobsOf(second)], [['pay_a'], ['pay_b']]);
  assert.match(await metrics(), /^pushwarden_groups\{team="payments"\} 2$/m);
  const headers = { authorization: READER.authorization };
  const whole = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  assert.deepEqual(whole.match(/^m\{.*/gm), [
    'm{instance="",job="pay_a"} 2',
    'm{instance="",job="pay_b"} 3',
  ]);

  await reload({ upstreams: { b } }, 'b');
  const after = await eventually('nothing more is measured of what is gone', async () => {
    const text = await metrics();
    return /upstream="(?:a|default)"/.test(text) ? undefined : text;
  });
  assert.match(after, /^pushwarden_groups\{team="payments"\} 1$/m);
  assert.match(after, /^pushwarden_upstream_up\{upstream="b"\} 1$/m);
  assert.equal(await push('pay_d', 'n 1\n'), 200);
  assert.equal(await push('pay_e', 'n 1\n'), 200);
  assert.equal(await push('pay_f', 'n 1\n'), 403);
  assert.deepEqual(await jobsOf(first), ['pay_a']);

  // another Pushgateway in its place: what the one before held counts no more
  await reload({ upstreams: { b: a } });
  assert.match(await metrics(), /^pushwarden_groups\{team="payments"\} 1$/m);
  // its types are in use until what was under way to it has ended
  await eventually('the type is free', async () =>
    (await push('pay_a', '# TYPE n counter\nn 1\n')) === 200 ? true : undefined,
  );
});

test('of several URLs each job is on one; one more takes only what is new', {
  skip: pushgatewayMissing('1.5') || pushgatewayMissing('1.11'),
}, async () => {
  await using stack = new AsyncDisposableStack();
  const pushgateways: Pushgateway[] = [];
  for (const version of ['1.5', '1.11', '1.11'] as const) {
    pushgateways.push(stack.use(await startPushgateway({ version })));
  }
  const [one, two, three] = pushgateways.map(({ url }) => url);
  const team = { jobs: ['pay_*'], allow: ['push', 'delete'], credentials: [TOKEN.spec] };
  const prometheus = { jobs: ['*'], allow: ['read'], credentials: [READER.spec] };
  const document = (urls: readonly unknown[]) => ({
    ...{ listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' } },
    audit: { file: 'audit.jsonl', sync: 'none' },
    upstream: { urls },
    teams: { payments: team, prometheus },
  });
  const gateway = stack.use(await startGatewayProcess(document([one, two])));
  const reload = async (urls: readonly unknown[]): Promise<string> => {
    await writeFile(gateway.configFile, JSON.stringify(document(urls)));
    return await (await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' })).text();
  };
  const send = async (method: string, job: string, value = 1): Promise<void> => {
    const headers = { authorization: TOKEN.authorization };
    const body = method === 'DELETE' ? null : `# TYPE m gauge\nm ${value}\n`;
    const answer = await fetch(`${gateway.url}/metrics/job/${job}`, { method, headers, body });
    assert.ok(answer.ok, await answer.text());
  };
  const scrape = async (query = ''): Promise<readonly string[]> => {
    const headers = { authorization: READER.authorization };
    const answer = await fetch(`${gateway.url}/metrics${query}`, { headers });
    return ((await answer.text()).match(/^m\{.*/gm) ?? []).sort();
  };
  const shares = () =>
    Promise.all(
      pushgateways.map(async (pushgateway) =>
        (await pushgateway.groups()).map(({ labels }) => labels['job'] ?? '').sort(),
      ),
    );
  const jobs = Array.from({ length: 16 }, (_, index) => `pay_${index}`);
  for (const job of jobs) await send('PUT', job);
  const before = await shares();
  assert.deepEqual(before.flat().sort(), [...jobs].sort());
  assert.ok(before.slice(0, 2).every((share) => share.length > 0));
  assert.equal((await scrape()).length, 16);
  assert.equal((await scrape('?upstream=default/2')).length, before[1]?.length);

  assert.equal(await reload([three, two, one]), 'reloaded\n');
  for (const job of jobs) await send('PUT', job, 2);
  assert.deepEqual(await shares(), before);
  const fresh = Array.from({ length: 16 }, (_, index) => `pay_more_${index}`);
  for (const job of fresh) await send('PUT', job);
  const [, , third = []] = await shares();
  assert.ok(third.length > 0 && third.every((job) => fresh.includes(job)));
  assert.equal((await scrape()).length, 32);

  assert.match(
    await reload([one, two]),
    /upstream\.urls: .* still holds \d+ groups: .*--away-from default\/\d/,
  );
  for (const job of third) await send('DELETE', job);
  assert.equal(await reload([one, two]), 'reloaded\n');
  for (const job of third) await send('PUT', job);
  assert.equal((await scrape()).length, 32);
  assert.deepEqual((await shares())[2], []);
});
