import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { renderProblem } from '../../config/engine/problem.ts';
import type { GatewayConfig } from '../../config/gateway-config.ts';
import { loadConfig } from '../../config/load.ts';
import { type Comparison, StoreComparison } from '../../core/compare/comparison.ts';
import { findConflicts } from '../../core/compare/find-conflicts.ts';
import type { LiveGroup } from '../../core/compare/live-group.ts';
import { EXIT } from '../exit.ts';
import { createUrlParser } from '../url-option.ts';
import { createAdminStore } from './admin-store.ts';
import type { LiveStore } from './live-store.ts';
import { createPushgatewayStore } from './pushgateway-store.ts';
import { renderComparison, renderJsonComparison } from './render-comparison.ts';

interface CompareOptions {
  readonly config: string;
  readonly admin?: string;
  readonly upstream?: string;
  readonly output: 'text' | 'json';
}

const parseAdmin = createUrlParser('the admin side asks for none', 'http://127.0.0.1:9095');
const parseUpstream = createUrlParser('they belong into upstream.basic_auth of the configuration');

/** Adds `compare`: exit status 0, 3 when a group would be refused, 1 when it cannot be told. */
export function registerCompare(program: Command): void {
  const compare = program
    .command('compare')
    .description('hold what Pushgateway stores now against a configuration, before it is in use')
    .requiredOption('--config <file>', 'the configuration')
    .addOption(new Option('--admin <url>', 'ask the admin side of a gateway').argParser(parseAdmin))
    .addOption(
      new Option('--upstream <url>', 'ask Pushgateway itself')
        .argParser(parseUpstream)
        .conflicts('admin'),
    )
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async (options: CompareOptions) => {
      if (options.admin === undefined && options.upstream === undefined) {
        compare.error('error: one of --upstream <url> and --admin <url> is needed');
      }
      const config = await loadFor(options);
      if (config === undefined) {
        process.exitCode = EXIT.failed;
        return;
      }
      const store = openStore(options, config);
      const comparison = await compareStore(store, config);
      const render = options.output === 'json' ? renderJsonComparison : renderComparison;
      console.log(render(comparison, store.unseen));
      if (comparison.refused.length > 0) process.exitCode = EXIT.refused;
    });
}

/** Undefined, with the problems on stderr, when the configuration cannot be used. */
async function loadFor({ config: file, upstream }: CompareOptions) {
  const now = Date.now();
  const loaded = await loadConfig(file, { now, readsSecrets: false });
  // on the way to its own upstream the gateway's password is needed, and the others are not
  const needsSecrets = loaded.ok && findOwnUpstream(loaded.config, upstream) !== undefined;
  const whole = needsSecrets ? await loadConfig(file, { now }) : loaded;
  if (whole.ok) return whole.config;
  for (const problem of whole.problems) console.error(renderProblem(problem));
  return undefined;
}

/** The upstream of the configuration that is at this URL, if there is more to know of it. */
function findOwnUpstream({ upstreams }: GatewayConfig, url: string | undefined) {
  return upstreams.find(({ pushgateway, basicAuth }) => {
    if (pushgateway.kind !== 'running' || pushgateway.url !== url) return false;
    return basicAuth !== undefined || url.startsWith('https:');
  });
}

function openStore({ admin = '', upstream }: CompareOptions, config: GatewayConfig): LiveStore {
  if (upstream === undefined) return createAdminStore(admin);
  const { basicAuth, ca } = findOwnUpstream(config, upstream) ?? {};
  const { username, password } = basicAuth ?? {};
  const login = Buffer.from(`${username}:${password}`).toString('base64');
  const most = Math.max(0, ...config.teams.map(({ limits }) => limits.decoded));
  return createPushgatewayStore(
    {
      url: upstream,
      ...(basicAuth && { authorization: `Basic ${login}` }),
      ...(ca && { ca }),
    },
    most,
  );
}

async function compareStore(store: LiveStore, config: GatewayConfig): Promise<Comparison> {
  let comparison = new StoreComparison(config);
  let groups: LiveGroup[] = [];
  for await (const part of store.groups()) {
    if (part === 'again') {
      comparison = new StoreComparison(config);
      groups = [];
      continue;
    }
    for (const { body, ...group } of part) {
      comparison.add({ ...group, ...(body !== undefined && { body }) });
      groups.push(group); // bodies are judged and gone: a store of any size fits
    }
  }
  const own = await store.own().catch(() => []);
  const [first = 0, second = 0] = crypto.getRandomValues(new Uint32Array(2));
  const options = { secret: [first, second], pause: () => nextTurn() } as const;
  comparison.addConflicts(await findConflicts(groups, own, options), groups);
  return comparison.finish();
}
