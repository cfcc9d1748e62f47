import { allow, type Decision, deny } from '../decision.ts';
import { remember } from '../memo.ts';
import type { Action } from '../policy/policy-spec.ts';
import { renderPrintable } from '../printable.ts';
import { denyUrl, PUSH_TEMPLATE } from '../target/path-segment.ts';

/** What a request wants, by path and method alone. */
export type Endpoint = { readonly kind: 'push'; readonly action: 'push' | 'delete' } | ReadEndpoint;

export interface ReadEndpoint {
  readonly kind: 'read';
  readonly action: 'read';
  readonly path: ReadPath;
  /** The one upstream that is asked for; the rest of a query is dropped. */
  readonly upstream?: string;
}

/** Paths that a team with read may fetch. */
const READ_PATHS = ['/metrics', '/api/v1/metrics', '/api/v1/status', '/api/v1/groups'] as const;
export type ReadPath = (typeof READ_PATHS)[number];

/** Those that the upstream answers. */
export type UpstreamReadPath = Exclude<ReadPath, '/api/v1/groups'>;

/** Paths that anybody may probe. */
const HEALTH_PATHS = ['/-/healthy', '/-/ready'] as const;
export type HealthPath = (typeof HEALTH_PATHS)[number];

const PUSH_ACTIONS: ReadonlyMap<string, Extract<Action, 'push' | 'delete'>> = new Map([
  ['POST', 'push'],
  ['PUT', 'push'],
  ['DELETE', 'delete'],
] as const);

const READ_HINT = 'to see what is stored: GET /metrics, or group by group GET /api/v1/groups';

/** A push target seen through escapes and doubled slashes: enough to say what it was meant as. */
const PUSH_PATH = /^\/+metrics\/+job(?:@base64)?(?:\/|$)/;

/** Paths that need not be looked through again. */
const REMEMBERED = 1024;

/**
 * Finds the endpoint of a raw request target. It only says what the request was meant as; whether
 * a push target is sound is for `parsePushTarget`.
 */
export function parseEndpoint(method: string, rawTarget: string): Decision<Endpoint> {
  if (!rawTarget.startsWith('/')) {
    return denyUrl();
  }
  const path = withoutQuery(rawTarget);
  const readPath = READ_PATHS.find((known) => known === path);
  if (readPath !== undefined) {
    if (method !== 'GET') return denyMethod(['GET'], [`a push goes to ${PUSH_TEMPLATE}`]);
    const upstream = readUpstreamName(rawTarget);
    const named = upstream !== undefined && { upstream };
    return allow({ kind: 'read', action: 'read', path: readPath, ...named });
  }
  if (!isPushPath(path)) return denyPath(path);
  const action = PUSH_ACTIONS.get(method);
  if (action === undefined) {
    return denyMethod([...PUSH_ACTIONS.keys()], method === 'GET' ? [READ_HINT] : []);
  }
  return allow({ kind: 'push', action });
}

/** Whether a raw request target is a health endpoint, whatever its method. */
export function isHealthEndpoint(rawTarget: string): boolean {
  return (
    rawTarget.startsWith('/-/') && HEALTH_PATHS.some((path) => path === withoutQuery(rawTarget))
  );
}

/**
 * Finds a health endpoint; `undefined` for any other path. They are open to every network and
 * need no credential.
 */
export function parseHealthEndpoint(
  method: string,
  rawTarget: string,
): Decision<HealthPath> | undefined {
  const path = withoutQuery(rawTarget);
  const healthPath = HEALTH_PATHS.find((known) => known === path);
  if (healthPath === undefined) return undefined;
  return method === 'GET' || method === 'HEAD' ? allow(healthPath) : denyMethod(['GET', 'HEAD']);
}

/** The path of a raw request target, for where a query is dropped. */
export function withoutQuery(rawTarget: string): string {
  const end = rawTarget.indexOf('?');
  return end === -1 ? rawTarget : rawTarget.slice(0, end);
}

/** The value of the first `upstream` of a query. */
function readUpstreamName(rawTarget: string): string | undefined {
  const start = rawTarget.indexOf('?');
  if (start === -1) return undefined;
  return new URLSearchParams(rawTarget.slice(start + 1)).get('upstream') ?? undefined;
}

function denyMethod(
  allowedMethods: readonly string[],
  hints: readonly string[] = [],
): Decision<never> {
  return deny('method_not_allowed', {
    detail: `this path takes ${allowedMethods.join(', ')}`,
    hints,
    allowedMethods,
  });
}

/** Paths of other interfaces that metrics are sent to. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/metrics|\/otlp\//, 'OTLP goes to Prometheus or a collector, not to a push gateway'],
  [/\/loki\//, 'logs go to Loki, not to a push gateway'],
  [/\/api\/v1\/(?:write|push)$/, 'remote write goes to Prometheus, not to a push gateway'],
  [/\/api\/v1\/import\b/, 'imports of VictoriaMetrics are not taken'],
  [/^\/(?:write|api\/v2\/write)$/, 'the line protocol of InfluxDB is not taken'],
];

/** An unknown path, with the one that it may have been meant as. */
function denyPath(path: string): Decision<never> {
  const elsewhere = ELSEWHERE.find(([pattern]) => pattern.test(path))?.[1];
  const inside = path.indexOf('/metrics/job/', 1);
  const prefix = renderPrintable(path.slice(0, inside), 80);
  return deny('endpoint_not_found', {
    hints: [
      ...(elsewhere === undefined ? [] : [elsewhere]),
      ...(inside > 0 ? [`leave "${prefix}" out, or an operator sets path_prefix to it`] : []),
      `a push goes to ${PUSH_TEMPLATE}`,
    ],
  });
}

const isPushPath = remember((path) => PUSH_PATH.test(decodeLeniently(path)), REMEMBERED);

function decodeLeniently(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
