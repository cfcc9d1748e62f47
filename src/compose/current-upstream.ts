import pLimit from 'p-limit';
import { readEnvironment } from '../config/secrets.ts';
import type { UpstreamConfig } from '../config/types.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import { type SupervisedChild, superviseChild } from '../upstream/child.ts';
import { openUpstreamSide, type UpstreamSide } from './upstream-side.ts';

/** The way to the upstream in use, which follows the configuration and a child that moves. */
export interface CurrentUpstream extends AsyncDisposable {
  side(): UpstreamSide;
  /** Opens another way where the configuration asks for one; rejects and stays when it cannot. */
  replace(config: UpstreamConfig): Promise<void>;
}

interface CurrentUpstreamOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: OperationalLog;
}

/**
 * Starts the child, if the upstream is one, and opens the way to the upstream.
 * @throws GatewayError ERR_UPSTREAM_START
 */
export async function openCurrentUpstream(
  initial: UpstreamConfig,
  { metrics, clock, log }: CurrentUpstreamOptions,
): Promise<CurrentUpstream> {
  let follow = (): void => undefined;
  const child = await startChild(initial, { clock, log }, () => follow());
  const open = (config: UpstreamConfig): Promise<UpstreamSide> =>
    openUpstreamSide(config, urlOf(config, child), metrics, clock);
  let current = { config: initial, side: await open(initial) };
  let closing: Promise<unknown> = Promise.resolve();

  const replace = async (config: UpstreamConfig): Promise<void> => {
    const { side: before } = current;
    const isSame = before.fits(config, urlOf(config, child));
    current = { config, side: isSame ? before : await open(config) };
    if (!isSame) closing = Promise.all([closing, before.close()]);
  };

  const inTurn = pLimit(1);
  follow = () => void inTurn(() => replace(current.config)); // this configuration was opened before
  follow();
  return {
    side: () => current.side,
    replace: (config) => inTurn(replace, config),
    async [Symbol.asyncDispose]() {
      follow = () => undefined;
      await inTurn(() => Promise.all([closing, current.side.close()]));
      await child?.[Symbol.asyncDispose]();
    },
  };
}

async function startChild(
  { pushgateway }: UpstreamConfig,
  supervision: { readonly clock: Clock; readonly log: OperationalLog },
  onRestart: () => void,
): Promise<SupervisedChild | undefined> {
  if (pushgateway.kind === 'running') return undefined;
  const { command, args } = pushgateway;
  const searchPath = readEnvironment('PATH');
  return await superviseChild({ ...supervision, command, args, searchPath, onRestart });
}

function urlOf({ pushgateway }: UpstreamConfig, child: SupervisedChild | undefined): string {
  if (pushgateway.kind === 'running') return pushgateway.url;
  if (child === undefined) throw new TypeError('only a restart can start a child');
  return child.url;
}
