import { join } from 'node:path';
import { type Pushgateway, type PushgatewayVersion, startPushgateway } from './pushgateway.ts';
import { createScratch } from './scratch.ts';

/** Two Pushgateways of one version, one for a gateway and a stock one to compare with. */
export interface StorePair extends AsyncDisposable {
  /** Without its check, with a file for its store: the one that runs. */
  readonly store: () => Pushgateway;
  /** Ends it and starts it anew on its port: after a kill with an older store. */
  readonly restart: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
  readonly stock: Pushgateway;
}

/** Starts them. */
export async function openStorePair(version: PushgatewayVersion): Promise<StorePair> {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await createScratch());
  const options = {
    version,
    persistenceFile: join(scratch.path, 'store'),
    args: ['--push.disable-consistency-check'],
  };
  let running = await startPushgateway(options);
  stack.defer(async () => void (await running.stop('SIGKILL')));
  const stock = stack.use(await startPushgateway({ version }));
  const { port } = running;
  const owned = stack.move();
  return {
    store: () => running,
    async restart(signal) {
      await running.stop(signal);
      running = await startPushgateway({ ...options, port });
    },
    stock,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
