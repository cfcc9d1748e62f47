import { setTimeout as waitFor } from 'node:timers/promises';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import {
  type PushgatewayProcess,
  type PushgatewayProgram,
  startPushgatewayProcess,
} from './pushgateway-process.ts';

/** A Pushgateway of our own that is started again whenever it ends. */
export interface SupervisedChild extends AsyncDisposable {
  readonly pid: number;
  /** Where it listens; another port after every start. */
  readonly url: string;
}

interface SupervisionOptions extends PushgatewayProgram {
  readonly clock: Clock;
  readonly log: OperationalLog;
  /** Told after every start but the first. What was pushed before is lost unless it is on disk. */
  readonly onRestart: (url: string) => void;
  readonly timing?: Partial<SupervisionTiming>;
}

/** Milliseconds. */
interface SupervisionTiming {
  /** Until a new process must listen; a large persistence file is read before. */
  readonly startTimeoutMs: number;
  /** Between being asked to stop and being killed; the persistence file is written meanwhile. */
  readonly stopTimeoutMs: number;
  /** Before the first new start; each further one waits twice as long. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** After which a process counts as sound, and the delay is the shortest again. */
  readonly soundMs: number;
}

const TIMING: SupervisionTiming = {
  startTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  minDelayMs: 100,
  maxDelayMs: 30_000,
  soundMs: 60_000,
};

/**
 * Starts a Pushgateway and keeps one running until disposed of.
 * @throws GatewayError ERR_UPSTREAM_START when the first start fails; later ones are tried again
 */
export async function superviseChild(options: SupervisionOptions): Promise<SupervisedChild> {
  const { clock, log, onRestart } = options;
  const timing = { ...TIMING, ...options.timing };
  const stopping = new AbortController();
  const { signal } = stopping;
  const onComplaint = (line: string): void => log.warn('the Pushgateway says', { line });
  const start = () => startPushgatewayProcess({ ...options, ...timing, signal, onComplaint });

  let current = await start();
  let delayMs = timing.minDelayMs;

  /** Ends in undefined when there is to be no other. */
  const startAgain = async (): Promise<PushgatewayProcess | undefined> => {
    while (true) {
      await waitFor(delayMs, undefined, { signal }).catch(() => undefined); // `signal` is asked next
      if (signal.aborted) return undefined;
      delayMs = Math.min(delayMs * 2, timing.maxDelayMs);
      try {
        return await start();
      } catch (error) {
        if (!signal.aborted) log.error('the Pushgateway does not start', { error });
      }
    }
  };

  const supervise = async (): Promise<void> => {
    while (true) {
      const startedAt = clock.monotonic();
      const end = await current.ended;
      if (signal.aborted) return;
      if (clock.monotonic() - startedAt >= timing.soundMs) delayMs = timing.minDelayMs;
      log.error('the Pushgateway ended, another is started', { ...end, delay_ms: delayMs });
      const next = await startAgain();
      if (next === undefined) return;
      current = next;
      if (signal.aborted) continue;
      log.info('the Pushgateway listens again', { pid: next.pid, url: next.url });
      onRestart(next.url);
    }
  };
  const supervision = supervise();

  return {
    get pid() {
      return current.pid;
    },
    get url() {
      return current.url;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await supervision;
    },
  };
}
