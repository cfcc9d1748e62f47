import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { CONTENT_TYPES, resolveMediaType } from '../core/exposition/media-type.ts';
import { parsePushTarget } from '../core/target/push-target.ts';
import { renderMetricsApi, renderScrape } from './render-store.ts';
import { createStoreGroups, type StoreGroups } from './store-groups.ts';

/** What stands in for a Pushgateway in the demo where none can be had. */
export interface DemoStore extends AsyncDisposable {
  readonly url: string;
}

/** What the demo store calls its version. */
const DEMO_STORE_VERSION = 'demo-store';

const PUSH_PATH = '/metrics/job';
const PUSH_METHODS = 'DELETE, POST, PUT';

/**
 * Starts a small imitation of Pushgateway on a free loopback port: the text format, PUT, POST and
 * DELETE, the scrape, the API that lists groups, health. It forgets everything when it ends, and
 * nothing but the demo can start it.
 */
export async function startDemoStore(now: () => number): Promise<DemoStore> {
  const groups = createStoreGroups(now);
  const startTime = new Date(now()).toISOString();
  const server = createServer({ keepAliveTimeout: 0 }, (req, res) => {
    const answer = req.url?.startsWith(PUSH_PATH)
      ? answerPush(groups, req, res)
      : answerRead(groups, startTime, req, res);
    answer.catch(() => res.destroy()); // the caller went away in the middle of its body
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answerPush(
  groups: StoreGroups,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { method } = req;
  const body = await buffer(req);
  if (method !== 'PUT' && method !== 'POST' && method !== 'DELETE') {
    return sendText(res.setHeader('allow', PUSH_METHODS), 405, 'Method Not Allowed');
  }
  const target = parsePushTarget(req.url ?? '', { emptyValues: true });
  if (target.effect === 'deny') return sendText(res, 400, target.detail ?? target.reason);
  if (method === 'DELETE') {
    groups.remove(target.value);
    res.writeHead(202).end();
    return;
  }
  const mediaType = resolveMediaType(req.headers['content-type']);
  if (mediaType.effect === 'deny' || mediaType.value !== 'text') {
    return sendText(res, 400, 'the demo store takes the text format only');
  }
  const pushed = groups.push(method, target.value, body);
  if (pushed.effect === 'deny') return sendText(res, 400, pushed.detail ?? pushed.reason);
  res.writeHead(200).end();
}

async function answerRead(
  groups: StoreGroups,
  startTime: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  switch (req.method === 'GET' ? req.url : undefined) {
    case '/metrics':
      res.setHeader('content-type', CONTENT_TYPES.text).end(renderScrape(groups.list()));
      return;
    case '/api/v1/metrics':
      return sendJson(res, renderMetricsApi(groups.list()));
    case '/api/v1/status':
      return sendJson(res, {
        status: 'success',
        data: {
          build_information: { version: DEMO_STORE_VERSION },
          flags: {},
          start_time: startTime,
        },
      });
    case '/-/healthy':
    case '/-/ready':
      return sendText(res, 200, 'OK');
    default:
      return sendText(res, 404, '404 page not found');
  }
}

function sendText(res: ServerResponse, status: number, text: string): void {
  res.statusCode = status;
  res.setHeader('content-type', 'text/plain; charset=utf-8').end(`${text}\n`);
}

function sendJson(res: ServerResponse, value: object): void {
  res.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}
