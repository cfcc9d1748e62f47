import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { exchange } from '../support/raw-http.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';

/**
 * The attack: under `anonymous` all who have no credential are one team. One of them announces
 * bodies and never sends them, as many as the team may have under way; everybody else waited until
 * their time was over.
 */
test('bodies that one client without a credential holds back leave places to the others', async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGateway({
    upstream: { url: upstream.url },
    anonymous: 'crowd',
    server: { body_timeout: '5s' },
    teams: {
      crowd: {
        mode: 'observe',
        jobs: ['*'],
        allow: ['push'],
        limits: { concurrent: 4, wait: '1s' },
      },
    },
  });
  const { port } = gateway;
  const head = 'PUT /metrics/job/a HTTP/1.1\r\nHost: g\r\nContent-Length: 7\r\n';
  const held = Array.from({ length: 40 }, () =>
    exchange({ port, localAddress: '127.0.0.2', send: `${head}\r\n`, timeoutMs: 7000 }),
  );
  const refused = eventually('the first of them are refused', async () => {
    const { length } = (await gateway.auditRecords()).filter(
      (record) => record.event === 'decision' && record.reason === 'too_many_concurrent',
    );
    return length > 0 ? true : undefined;
  });
  await refused;
  for (const localAddress of ['127.0.0.3', '127.0.0.4']) {
    const send = `${head}Connection: close\r\n\r\nrows 1\n`;
    const { answers } = await exchange({ port, localAddress, send });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200],
    );
  }
  const ends = (await Promise.all(held)).map(({ answers }) => answers[0]?.status);
  assert.deepEqual([...new Set(ends)].sort(), [408, 429]);
});
