import express from 'express';
import { Pool } from 'undici';
import { announce } from './announce.ts';

/**
 * The least that an Express gateway can do: read the body, pass it on, pass the status back. Run as
 * `node bare-express.ts UPSTREAM`; prints its address as a JSON line on stderr.
 */
const upstream = process.argv[2] ?? '';
const pool = new Pool(upstream, { connections: 32, pipelining: 1 });
const app = express();
app.disable('x-powered-by');
app.use(express.raw({ type: () => true }));
app.use(async (req, res) => {
  const answer = await pool.request({ path: req.url, method: 'POST', body: req.body });
  await answer.body.dump();
  res.status(answer.statusCode).end();
});
announce(app);
