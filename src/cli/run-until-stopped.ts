import type { RunningGateway } from '../compose/compose.ts';
import { EXIT } from './exit.ts';
import type { createOperationalLog } from './operational-log.ts';

interface RunOptions {
  readonly log: ReturnType<typeof createOperationalLog>;
  readonly start: () => Promise<RunningGateway>;
  /** What the hang-up signal does once the gateway runs; left out: it stops the gateway. */
  readonly onHangup?: (gateway: RunningGateway) => void;
}

/** Ctrl-C reaches a program twice where npm passes on what the terminal sent already. */
const ONE_SIGNAL_MS = 300;

/** After an error nobody foresaw, the state is not to be trusted for longer. */
const FAULT_DRAIN_MS = 5000;

/**
 * Runs a gateway until a signal or an unforeseen error ends it. A second signal ends the process
 * at once.
 * @returns the exit status: 0 when everything that was under way was finished
 */
export async function runUntilStopped({ log, start, onHangup }: RunOptions): Promise<number> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  let gateway: RunningGateway | undefined;
  let stoppedAt: number | undefined;
  let isSound = true;

  const onSignal = (signal: NodeJS.Signals): void => {
    stoppedAt ??= performance.now();
    if (gateway !== undefined && performance.now() - stoppedAt < ONE_SIGNAL_MS) {
      stop(signal);
    } else {
      log.warn('ending at once', { signal });
      process.exit(EXIT.failed);
    }
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  process.on('SIGHUP', (signal) => {
    if (onHangup === undefined) onSignal(signal);
    else if (gateway !== undefined) onHangup(gateway);
  });
  process.on('uncaughtException', (error, origin) => {
    log.error('unforeseen error, ending', { error, origin });
    setTimeout(() => process.exit(EXIT.failed), gateway === undefined ? 0 : FAULT_DRAIN_MS);
    isSound = false;
    stoppedAt ??= performance.now();
    stop(origin);
  });

  gateway = await start();
  const cause = await stopped;
  log.info('stopping', { cause });
  const hasDrained = await gateway.close(cause);
  if (!hasDrained) log.error('requests were cut off: the drain time ended before they did');
  log.info('stopped');
  return hasDrained && isSound ? EXIT.fine : EXIT.failed;
}
