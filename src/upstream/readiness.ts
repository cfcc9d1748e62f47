import { repeat } from './repeat.ts';

/** Whether the upstream takes pushes, as of the last look. */
export interface Readiness extends Disposable {
  isReady(): boolean;
}

interface ReadinessOptions {
  /** Looks once; never rejects. */
  readonly probe: () => Promise<boolean>;
  readonly intervalMs: number;
  readonly onProbe: (isReady: boolean) => void;
}

/** Looks at the upstream now and then, so that asking costs nothing. Resolves after the first look. */
export async function watchReadiness(options: ReadinessOptions): Promise<Readiness> {
  const { probe, intervalMs, onProbe } = options;
  let isReady = false;
  const look = async (): Promise<void> => {
    isReady = await probe();
    onProbe(isReady);
  };
  await look();
  const looking = repeat(look, intervalMs);
  return { isReady: () => isReady, [Symbol.dispose]: () => looking[Symbol.dispose]() };
}
