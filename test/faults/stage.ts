import { type GatewayDocument, startGateway, type TestGateway } from '../support/gateway.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Of team `etl`, which may push, delete and read every job. */
export const TOKEN = tokenCredential('etl');

/** A gateway and the upstream behind it, which misbehaves on order. */
export interface Stage extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly upstream: RecordingUpstream;
}

/** What a test changes in the configuration; `upstream` is added to. */
export type StageChange = Partial<Omit<GatewayDocument, 'upstream'>> & {
  readonly upstream?: object;
};

/** The configuration of a stage: limits that no test runs into by accident. */
export function stageDocument(url: string, change: StageChange = {}): GatewayDocument {
  return {
    defaults: {
      allow: ['push', 'delete', 'read'],
      limits: { rate: '100000/s', burst: 100_000, concurrent: 1000 },
    },
    teams: { etl: { jobs: ['*'], credentials: [TOKEN.spec] } },
    ...change,
    upstream: { url, timeout: '2s', ...change.upstream },
  };
}

/** Starts a gateway in this process, in front of a recording upstream. */
export async function startStage(change: StageChange = {}): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRecordingUpstream());
  const gateway = stack.use(await startGateway(stageDocument(upstream.url, change)));
  const owned = stack.move();
  return { gateway, upstream, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Addresses = Pick<TestGateway, 'url' | 'adminUrl'>;

/** A push of one series, or a delete, with the token of team `etl`. */
export async function push(
  { url }: Pick<Addresses, 'url'>,
  job = 'etl',
  method = 'PUT',
): Promise<Response> {
  return await fetch(`${url}/metrics/job/${job}`, {
    method,
    headers: { authorization: TOKEN.authorization },
    ...(method !== 'DELETE' && { body: 'rows 1\n' }),
  });
}

/** A request as bytes, with the token of team `etl`. */
export function rawRequest(line: string, headers: readonly string[] = [], body = ''): string {
  const login = `Authorization: ${TOKEN.authorization}`;
  return [`${line} HTTP/1.1`, 'Host: gateway', login, ...headers, '', body].join('\r\n');
}

/** A push as bytes. */
export function rawPush(job = 'etl', body = 'rows 1\n', headers: readonly string[] = []): string {
  return rawRequest(
    `PUT /metrics/job/${job}`,
    [`Content-Length: ${body.length}`, ...headers],
    body,
  );
}

/** The value of a metric of the gateway; 0 while it has none. */
export async function readMetric({ adminUrl }: Addresses, series: string): Promise<number> {
  const exposition = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = exposition.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** The first word of an answer and its status: `503 overloaded`. */
export async function verdictOf(answer: Response): Promise<string> {
  const text = await answer.text();
  return `${answer.status} ${text.split(':')[0]}`.trim();
}
