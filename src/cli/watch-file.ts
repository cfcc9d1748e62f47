import { unwatchFile, watchFile } from 'node:fs';

/** How often the file is looked at. */
const INTERVAL_MS = 500;

/** How long it must stay as it is: editors and `cp` write in several steps. */
const SETTLE_MS = 600;

/**
 * Tells of changes of a file, also of one that is replaced, or reached through a symbolic link that
 * is, as Kubernetes does with mounted volumes. It looks at the file itself now and then, because
 * what systems notify of is the old file, and nothing on network file systems.
 */
export function watchConfigFile(file: string, onChange: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
    timer.unref();
  };
  watchFile(file, { interval: INTERVAL_MS, persistent: false }, look);
  return {
    [Symbol.dispose]() {
      unwatchFile(file, look);
      clearTimeout(timer);
    },
  };
}
