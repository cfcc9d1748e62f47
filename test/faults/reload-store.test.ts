import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { startGatewayProcess } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { accept } from '../support/upstream-behaviour.ts';
import { stageDocument, TOKEN, verdictOf } from './stage.ts';

/** What the gateway knows of the store, while a reload opens another way to it. */

test('row 29: a push that was under way during a reload is known after it', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(stageDocument(upstream.url));
  const put = (job: string, body: string): Promise<Response> => {
    const headers = { authorization: TOKEN.authorization };
    return fetch(`${gateway.url}/metrics/job/${job}`, { method: 'PUT', headers, body });
  };
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  upstream.behave(async (socket, request) => {
    await released;
    await accept(socket, request);
  });
  const first = put('a', '# TYPE rows counter\nrows 1\n');
  await upstream.received(1);
  const document = JSON.parse(await readFile(gateway.configFile, 'utf8'));
  document.upstream.timeout = '9s';
  await writeFile(gateway.configFile, JSON.stringify(document));
  assert.equal((await fetch(`${gateway.adminUrl}/-/reload`, { method: 'POST' })).status, 200);
  const claimed = await put('b', '# TYPE rows gauge\nrows 1\n');
  assert.equal(await verdictOf(claimed), '400 inconsistent');
  release();
  assert.equal((await first).status, 200);
  const stored = await put('c', '# TYPE rows gauge\nrows 1\n');
  assert.equal(await verdictOf(stored), '400 inconsistent');
});
