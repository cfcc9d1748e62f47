import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import { ExpressRequest, ExpressResponse } from '../../src/http/express-messages.ts';
import { startServer } from './loopback-server.ts';

test('Express finds nothing to change in a request or an answer, which have its methods', async () => {
  const app = express();
  app.request = ExpressRequest.prototype as unknown as typeof app.request;
  app.response = ExpressResponse.prototype as typeof app.response;
  const changed: object[] = [];
  app.use((req, res) => {
    if (Object.getPrototypeOf(req) !== prototypes?.[0]) changed.push(req);
    if (Object.getPrototypeOf(res) !== prototypes?.[1]) changed.push(res);
    res
      .status(202)
      .set('x-accepts', String(req.accepts('text/plain')))
      .end();
  });
  let prototypes: readonly unknown[] | undefined;
  const options = { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
  const server = createServer(options, (req, res) => {
    prototypes = [Object.getPrototypeOf(req), Object.getPrototypeOf(res)];
    app(req, res);
  });
  await using listening = await startServer(server);
  const { status, headers } = await fetch(listening.url);
  assert.deepEqual([status, headers.get('x-accepts'), changed], [202, 'text/plain', []]);
});
