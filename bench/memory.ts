import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway.ts';
import { tokenCredential } from '../test/support/test-credential.ts';

/**
 * The most memory that a gateway takes while many large uploads are under way at once and the
 * upstream is slow, against the bytes that it may hold. Ends with 1 when that is more than the
 * budget and `ALLOWANCE_MIB`.
 *
 * `npm run bench -- memory [UPLOADS] [BODY_MIB] [BUDGET_MIB]`
 */
const [uploads = 50, bodyMib = 4, budgetMib = 64] = process.argv.slice(2).map(Number);

/** What the process may take beside the bodies: parsing, buffers of sockets, garbage. */
const ALLOWANCE_MIB = 384;
const MIB = 1024 * 1024;
/** How long the upstream takes for each push. */
const UPSTREAM_MS = 2000;
const SERIES = 5000;
const TOKEN = tokenCredential('bench');

/** How an upload is sent. */
interface Load {
  readonly name: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

interface Peak {
  readonly statuses: ReadonlyMap<number, number>;
  readonly idleMib: number;
  readonly peakMib: number;
}

const text = renderBody(bodyMib * MIB);
const LOADS: readonly Load[] = [
  { name: 'declared length', body: text, headers: { 'content-length': `${text.length}` } },
  { name: 'chunks', body: text, headers: { 'transfer-encoding': 'chunked' } },
  { name: 'gzip', body: gzipSync(text), headers: { 'content-encoding': 'gzip' } },
];

const upstream = createServer(answerSlowly).listen(0, '127.0.0.1');
await once(upstream, 'listening');
const { port } = upstream.address() as AddressInfo; // a TCP server that listens
let isWithinBounds = true;
console.log(`${uploads} uploads of ${bodyMib} MiB at once, budget ${budgetMib} MiB`);
for (const load of LOADS) {
  const { statuses, idleMib, peakMib } = await measure(load);
  const over = peakMib - idleMib - budgetMib;
  isWithinBounds &&= over <= ALLOWANCE_MIB;
  const answers = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ');
  console.log(
    `${load.name}: ${answers}; resident ${idleMib.toFixed(0)} MiB idle, ${peakMib.toFixed(0)} MiB at most: ${over.toFixed(0)} MiB beside the budget (${ALLOWANCE_MIB} allowed)`,
  );
}
upstream.close();
upstream.closeAllConnections();
process.exitCode = isWithinBounds ? 0 : 1;

async function measure(load: Load): Promise<Peak> {
  await using gateway = await startGatewayProcess({
    upstream: { url: `http://127.0.0.1:${port}`, timeout: '30s' },
    server: { bytes_in_flight: `${budgetMib}MiB` },
    defaults: {
      allow: ['push'],
      limits: {
        ...{ body: `${bodyMib}MiB`, decoded: `${bodyMib}MiB`, ratio: 1000 },
        ...{ rate: '10000/s', burst: 10_000, concurrent: 1000 },
      },
    },
    teams: { bench: { jobs: ['*'], credentials: [TOKEN.spec] } },
  });
  await push(gateway, { ...load, body: Buffer.from('rows 1\n'), headers: {} }, new Agent());
  const idleMib = readMib(gateway.pid, 'VmRSS');
  const agent = new Agent({ maxSockets: uploads });
  const answers = await Promise.all(
    Array.from({ length: uploads }, (_, index) => push(gateway, load, agent, index)),
  );
  const statuses = new Map<number, number>();
  for (const status of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  return { statuses, idleMib, peakMib: readMib(gateway.pid, 'VmHWM') };
}

/** @returns the status; 0 when the connection was cut before the answer */
async function push(
  { url }: GatewayProcess,
  load: Load,
  agent: Agent,
  instance = 0,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const headers = { authorization: TOKEN.authorization, ...load.headers };
  const outgoing = request(`${url}/metrics/job/bench/instance/${instance}`, {
    agent,
    method: 'PUT',
    headers,
  });
  outgoing.on('response', (answer) => {
    answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
  });
  outgoing.on('error', () => resolve(0));
  outgoing.end(load.body);
  return await promise;
}

function answerSlowly(req: IncomingMessage, res: ServerResponse): void {
  const isProbe = req.url?.endsWith('/-/ready');
  req.resume().on('end', () => setTimeout(() => res.end(), isProbe ? 0 : UPSTREAM_MS));
}

/** Series whose labels fill the size. */
function renderBody(bytes: number): Buffer {
  const labels = 5;
  const value = Math.floor(bytes / SERIES / labels) - 20;
  const line = (index: number): string => {
    const pairs = Array.from({ length: labels }, (_, at) => `l${at}="${'v'.repeat(value)}"`);
    return `rows_of_a_metric_with_a_long_name{n="${index}",${pairs.join(',')}} 1\n`;
  };
  return Buffer.from(Array.from({ length: SERIES }, (_, index) => line(index)).join(''));
}

/** @see proc(5), `/proc/pid/status` */
function readMib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
}
