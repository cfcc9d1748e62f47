import { eventually } from './eventually.ts';
import { listeningOn, startListeningProcess } from './listening-process.ts';
import { findProgram, programVersion } from './program.ts';
import { createScratch } from './scratch.ts';

/** The Prometheus servers that tests run, oldest first. */
export const PROMETHEUSES = ['2', '3'] as const;
export type PrometheusVersion = (typeof PROMETHEUSES)[number];

/** A real Prometheus that scrapes one address every second, with `honor_labels`. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** As the program reports it, such as `2.42.0`. */
  readonly version: string;
  /** The state of the target after the last scrape; undefined while the server still starts. */
  lastScrape(): Promise<ScrapeTarget | undefined>;
  /** The same after a scrape that began later than this call. */
  nextScrape(): Promise<ScrapeTarget>;
  /** Label sets and values that an instant query answers. */
  query(expression: string): Promise<readonly QuerySample[]>;
}

/** What `/api/v1/targets` tells of the scraped address. */
interface ScrapeTarget {
  readonly health: string;
  readonly lastError: string;
  /** RFC 3339. */
  readonly lastScrape: string;
}

interface QuerySample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface PrometheusOptions {
  readonly version: PrometheusVersion;
  /** `host:port` to scrape. */
  readonly target: string;
  /** Further keys of the scrape config, such as `authorization`. */
  readonly scrapeConfig?: Readonly<Record<string, unknown>>;
  /** Scrape configs beside it. */
  readonly moreScrapes?: readonly Readonly<Record<string, unknown>>[];
  /** Paths of rule files. */
  readonly ruleFiles?: readonly string[];
  /** Values of `--enable-feature`. */
  readonly features?: readonly string[];
}

/** Why tests with a version cannot run here, for the `skip` of `node:test`; false when they can. */
export function prometheusMissing(version: PrometheusVersion): string | false {
  return findProgram(`prometheus-${version}`) === undefined
    ? `Prometheus ${version} is not here: "npm test" fetches it`
    : false;
}

/** Starts a Prometheus in a temporary folder and waits until it listens. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const command = findProgram(`prometheus-${options.version}`);
  if (command === undefined) throw new Error(String(prometheusMissing(options.version)));
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const config = await scratch.write('prometheus.yml', renderConfig(options));
  const child = stack.use(
    await startListeningProcess({
      command,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${scratch.path}/data`,
        '--web.listen-address=127.0.0.1:0',
        '--log.format=json',
        ...(options.features ?? []).map((feature) => `--enable-feature=${feature}`),
      ],
      ready: listeningOn,
    }),
  );
  const url = `http://${child.ready}`;
  const owned = stack.move();
  return {
    url,
    version: programVersion(`prometheus-${options.version}`),
    lastScrape: () => lastScrape(url),
    nextScrape: () => nextScrape(url),
    query: (expression) => query(url, expression),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** JSON is YAML. */
function renderConfig(options: PrometheusOptions): string {
  const { target, scrapeConfig, moreScrapes = [], ruleFiles = [] } = options;
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'pushgateway',
        honor_labels: true,
        static_configs: [{ targets: [target] }],
        ...scrapeConfig,
      },
      ...moreScrapes,
    ],
  });
}

interface TargetsAnswer {
  readonly data: { readonly activeTargets: readonly ScrapeTarget[] };
}

async function lastScrape(url: string): Promise<ScrapeTarget | undefined> {
  const answer = await fetch(`${url}/api/v1/targets`);
  // While the server still starts it answers 503 with text.
  if (answer.status !== 200) return undefined;
  const { data } = (await answer.json()) as TargetsAnswer; // Prometheus' HTTP API v1
  return data.activeTargets[0];
}

async function nextScrape(url: string): Promise<ScrapeTarget> {
  const asked = Date.now();
  return await eventually('Prometheus scrapes', async () => {
    const target = await lastScrape(url);
    if (target === undefined || Date.parse(target.lastScrape) <= asked) return undefined;
    // the second that a scrape may take is over: the machine is busy, the next one may do
    return target.lastError.includes('deadline exceeded') ? undefined : target;
  });
}

interface QueryAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

async function query(url: string, expression: string): Promise<readonly QuerySample[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  if (answer.status !== 200) throw new Error(`the query answered ${answer.status}`);
  const { data } = (await answer.json()) as QueryAnswer; // Prometheus' HTTP API v1
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
