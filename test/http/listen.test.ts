import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen, listenBeside, listenReplaceably } from '../../src/http/listen.ts';
import { ownAddress } from '../support/own-address.ts';

/** Servers and an address of their own; closed with the test. */
function setUp() {
  const servers = [createServer(), createServer()] as const;
  const address = { host: ownAddress(), port: 9091 };
  return {
    servers,
    address,
    url: `http://${address.host}:9091`,
    [Symbol.dispose]() {
      for (const server of servers) server.close();
    },
  };
}

test('listen on port 0 answers the port that it took', async () => {
  using stage = setUp();
  const url = await listen(stage.servers[0], { ...stage.address, port: 0 });
  assert.match(url, /^http:\/\/127\.[\d.]+:[1-9]\d+$/);
});

test('listenReplaceably on port 0 answers the port that it took', async () => {
  using stage = setUp();
  const url = await listenReplaceably(stage.servers[0], { ...stage.address, port: 0 });
  assert.match(url, /^http:\/\/127\.[\d.]+:[1-9]\d+$/);
});

test('listenBeside shares a port with a server that can be replaced', async () => {
  using stage = setUp();
  const [first, second] = stage.servers;
  assert.equal(await listenReplaceably(first, stage.address), stage.url);
  assert.equal(await listenBeside(second, stage.address), stage.url);
});

const EXCLUSIVE = {
  'listen does not share': [listenReplaceably, listen],
  'listenReplaceably does not share': [listenReplaceably, listenReplaceably],
  'listenBeside does not take': [listen, listenBeside],
} as const;
for (const [name, [take, follow]] of Object.entries(EXCLUSIVE)) {
  test(`${name} a port of another server`, async () => {
    using stage = setUp();
    const [first, second] = stage.servers;
    await take(first, stage.address);
    await assert.rejects(follow(second, stage.address), {
      code: 'ERR_LISTEN',
      message: `cannot listen on ${stage.address.host}:9091: another program listens there (EADDRINUSE)`,
    });
  });
}
