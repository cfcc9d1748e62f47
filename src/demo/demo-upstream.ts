import { renderFailure } from './failure.ts';
import { fetchPushgateway, findFetched, type PushgatewaySource } from './fetch-pushgateway.ts';
import { findPushgateway } from './pushgateway-program.ts';

/** What stands behind the gateway of a demo. */
export type DemoUpstream =
  | { readonly kind: 'url'; readonly url: string; readonly version: string }
  | {
      readonly kind: 'program';
      readonly command: string;
      readonly version: string;
      /** For people: `fetched before`. */
      readonly origin: string;
    }
  | { readonly kind: 'store' };

interface SearchOptions {
  /** One that runs already; nothing else is looked for. */
  readonly url: string | undefined;
  /** `PATH` */
  readonly searchPath: string | undefined;
  readonly cacheFolder: string;
  readonly sources: readonly PushgatewaySource[];
  /** Tells people what takes its time. */
  readonly say: (line: string) => void;
}

const STATUS_TIMEOUT_MS = 3000;

/**
 * Finds an upstream, the first of: the given URL, a program on the search path, one fetched before,
 * one fetched now, the demo store. Rejects only when the given URL is no Pushgateway.
 */
export async function findDemoUpstream(options: SearchOptions): Promise<DemoUpstream> {
  const { url, searchPath, cacheFolder, sources, say } = options;
  if (url !== undefined) return { kind: 'url', url, version: await readVersion(url) };
  const installed = await findPushgateway(searchPath);
  if (installed !== undefined) return { kind: 'program', ...installed, origin: 'found on PATH' };
  const fetched = await findFetched(cacheFolder);
  if (fetched !== undefined) return { kind: 'program', ...fetched, origin: 'fetched before' };
  for (const source of sources) {
    if (!(await source.isFor())) continue;
    say(`no Pushgateway here; fetching ${source.name}`);
    try {
      const program = await fetchPushgateway(source, cacheFolder);
      return { kind: 'program', ...program, origin: 'fetched now' };
    } catch (error) {
      say(`  failed: ${renderFailure(error)}`);
    }
  }
  return { kind: 'store' };
}

/** @see pushgateway `api/v1/api.go`, `status` */
async function readVersion(url: string): Promise<string> {
  if (URL.canParse(url) && new URL(url).username !== '') {
    throw new Error('the URL of a Pushgateway for the demo must not hold a credential');
  }
  try {
    const signal = AbortSignal.timeout(STATUS_TIMEOUT_MS);
    const answer = await fetch(`${url.replace(/\/+$/, '')}/api/v1/status`, { signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { data } = (await answer.json()) as StatusAnswer; // checked by reading on
    return String(data.build_information.version);
  } catch (cause) {
    throw new Error(`there is no Pushgateway at ${url}: ${renderFailure(cause)}`, { cause });
  }
}

interface StatusAnswer {
  readonly data: { readonly build_information: { readonly version: unknown } };
}
