import pLimit from 'p-limit';
import { readEnvironment } from '../config/engine/secrets.ts';
import type { UpstreamConfig } from '../config/sections/upstream.ts';
import { type SupervisedChild, superviseChild } from '../upstream/child.ts';
import { openUpstreamSide, type UpstreamSide, type UpstreamSideOptions } from './upstream-side.ts';

/** The way to the upstream in use, which follows the configuration and a child that moves. */
export interface CurrentUpstream extends AsyncDisposable {
  side(): UpstreamSide;
  /** Opens another way where the configuration asks for one; rejects and stays when it cannot. */
  replace(config: UpstreamConfig): Promise<void>;
}

/**
 * Starts the child, if the upstream is one, and opens the way to the upstream.
 * @throws GatewayError ERR_UPSTREAM_START
 */
export async function openCurrentUpstream(
  initial: UpstreamConfig,
  options: UpstreamSideOptions,
): Promise<CurrentUpstream> {
  let follow = (): void => undefined;
  const child = await startChild(initial, options, () => follow());
  const open = (config: UpstreamConfig, before?: UpstreamSide): Promise<UpstreamSide> =>
    openUpstreamSide(config, urlOf(config, child), options, before);
  let current = { config: initial, side: await open(initial) };
  let closing: Promise<unknown> = Promise.resolve();

  const replace = async (config: UpstreamConfig): Promise<void> => {
    const { side: before } = current;
    const isSame = before.fits(config, urlOf(config, child));
    current = { config, side: isSame ? before : await open(config, before) };
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
  { clock, log }: UpstreamSideOptions,
  onRestart: () => void,
): Promise<SupervisedChild | undefined> {
  if (pushgateway.kind === 'running') return undefined;
  const { command, args } = pushgateway;
  const searchPath = readEnvironment('PATH');
  return await superviseChild({ clock, log, command, args, searchPath, onRestart });
}

function urlOf({ pushgateway }: UpstreamConfig, child: SupervisedChild | undefined): string {
  if (pushgateway.kind === 'running') return pushgateway.url;
  if (child === undefined) throw new TypeError('only a restart can start a child');
  return child.url;
}
