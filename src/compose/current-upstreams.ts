import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import { readEnvironment } from '../config/engine/secrets.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { NamedUpstream } from '../config/sections/upstreams.ts';
import { NO_OWNERS } from '../core/store/ownership.ts';
import { createSharedState } from '../core/store/store-state.ts';
import { forgetUpstream } from '../metrics/watch.ts';
import { type SupervisedChild, superviseChild } from '../upstream/child.ts';
import type { KnownStore, KnownStoreOptions } from './known-store.ts';
import { findSide, type UpstreamRoutes } from './upstream-routes.ts';
import { openUpstreamSide, type UpstreamSide } from './upstream-side.ts';

/** The ways to the Pushgateways in use, which follow the configuration and children that move. */
export interface CurrentUpstreams extends AsyncDisposable {
  /** In the order of the configuration; at least one. */
  sides(): readonly UpstreamSide[];
  /** The one that a team's pushes go to, or where the group is already. */
  sideOf: (team: string, group?: Parameters<typeof findSide>[2]) => UpstreamSide;
  /** Has these get no more groups; all others do again. */
  leave(leaving: readonly KnownStore[]): void;
  /** Opens other ways where the configuration asks for them; rejects and stays when it cannot. */
  replace(config: Asked): Promise<void>;
}

type Asked = Pick<GatewayConfig, 'upstreams' | 'teams'>;

type Options = Omit<KnownStoreOptions, 'shared'>;

/** What belongs together: one reload puts all of it in place. */
interface Opened extends UpstreamRoutes {
  readonly config: Asked;
}

/**
 * Starts the children, where upstreams are some, and opens the ways to all.
 * @throws GatewayError ERR_UPSTREAM_START
 */
export async function openCurrentUpstreams(
  initial: Asked,
  options: Options,
): Promise<CurrentUpstreams> {
  await using started = new AsyncDisposableStack();
  const shared = createSharedState({ pause: () => setImmediate() });
  let follow = (): void => undefined;
  const children = await startChildren(initial, options, () => follow(), started);
  const leaving = new Set<KnownStore>();
  const open = (config: NamedUpstream, before?: UpstreamSide): Promise<UpstreamSide> =>
    openUpstreamSide(config, urlOf(config, children), { ...options, shared }, before);

  const openAll = async (config: Asked, before: readonly UpstreamSide[]): Promise<Opened> => {
    const opening = config.upstreams.map(async (one) => {
      const old = before.find(({ name }) => name === one.name);
      return old?.fits(one, urlOf(one, children)) ? old : await open(one, old);
    });
    const ends = await Promise.allSettled(opening);
    const sides = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed === undefined) return { config, sides, routes: routesOf(config), leaving };
    await closeAll(
      sides.filter((side) => !before.includes(side)),
      before,
    );
    throw failed.reason;
  };

  let current = await openAll(initial, []);
  let closing: Promise<unknown> = Promise.resolve();
  const replace = async (config: Asked): Promise<void> => {
    const { sides: before } = current;
    current = await openAll(config, before);
    const { sides } = current;
    const fresh = sides.filter((side) => !before.includes(side));
    for (const { known } of fresh) void known.model.assignOwners(options.ownership());
    const left = before.filter((side) => !sides.includes(side));
    closing = Promise.all([closing, closeAll(left, sides).then(() => forget(left))]);
  };

  const forget = (left: readonly UpstreamSide[]): void => {
    const names = new Set(current.sides.map(({ name }) => name));
    for (const { name } of left) if (!names.has(name)) forgetUpstream(options.metrics, name);
  };

  const inTurn = pLimit(1);
  follow = () => void inTurn(() => replace(current.config)); // this configuration was opened before
  follow();
  const running = started.move();
  return {
    sides: () => current.sides,
    sideOf: (team, group) => findSide(current, team, group),
    leave(stores) {
      leaving.clear();
      for (const store of stores) leaving.add(store);
    },
    replace: (config) => inTurn(replace, config),
    async [Symbol.asyncDispose]() {
      follow = () => undefined;
      await inTurn(() => Promise.all([closing, closeAll(current.sides, [])]));
      await running.disposeAsync();
    },
  };
}

/**
 * Takes back what was lent of sides that are left; what they knew is out of types and quotas, unless
 * another one goes on with it.
 */
async function closeAll(left: readonly UpstreamSide[], inUse: readonly UpstreamSide[]) {
  await Promise.all(
    left.map(async (side) => {
      const { known } = side;
      const goesOn = inUse.some((other) => other.known === known);
      // at once: what it held is that of another one now
      if (!goesOn) void known.model.assignOwners(NO_OWNERS);
      await side.close();
      if (!goesOn) await known.close();
    }),
  );
}

function routesOf({ teams, upstreams }: Asked): ReadonlyMap<string, string> {
  const first = upstreams[0]?.upstream ?? '';
  return new Map(teams.map(({ name, upstream = first }) => [name, upstream]));
}

/** By their place in the configuration. */
type Children = ReadonlyMap<string, SupervisedChild>;

async function startChildren(
  { upstreams }: Asked,
  { clock, log }: Options,
  onRestart: () => void,
  started: AsyncDisposableStack,
): Promise<Children> {
  const searchPath = readEnvironment('PATH');
  const children = new Map<string, SupervisedChild>();
  for (const { place, pushgateway } of upstreams) {
    if (pushgateway.kind === 'running') continue;
    const { command, args } = pushgateway;
    const child = await superviseChild({ clock, log, command, args, searchPath, onRestart });
    children.set(place, started.use(child));
  }
  return children;
}

function urlOf({ place, pushgateway }: NamedUpstream, children: Children): string {
  if (pushgateway.kind === 'running') return pushgateway.url;
  const child = children.get(place);
  if (child === undefined) throw new TypeError('only a restart can start a child');
  return child.url;
}
