import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { announce } from './announce.ts';

/** Express with http-proxy-middleware as its documentation has it: `node bare-proxy.ts UPSTREAM`. */
const target = process.argv[2] ?? '';
const app = express();
app.disable('x-powered-by');
app.use(createProxyMiddleware({ target, changeOrigin: true }));
announce(app);
