import { unwatchFile, watchFile } from 'node:fs';

/** Files that are looked at. */
export interface FileWatch extends Disposable {
  /** Looks at these from now on, and at no others. */
  follow(files: readonly string[]): void;
}

/** How often each file is looked at. */
const INTERVAL_MS = 500;

/** How long they must stay as they are: editors and `cp` write in several steps. */
const SETTLE_MS = 600;

/**
 * Tells of changes of files, also of those that are replaced, or reached through a symbolic link
 * that is, as Kubernetes does with mounted volumes. It looks at the files themselves now and then,
 * because what systems notify of is the old file, and nothing on network file systems.
 */
export function watchFiles(onChange: () => void): FileWatch {
  let followed: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
    timer.unref();
  };
  const follow = (files: readonly string[]): void => {
    const wanted = [...new Set(files)];
    const left = followed.filter((file) => !wanted.includes(file));
    const added = wanted.filter((file) => !followed.includes(file));
    for (const file of left) unwatchFile(file, look);
    for (const file of added) watchFile(file, { interval: INTERVAL_MS, persistent: false }, look);
    followed = wanted;
  };
  return {
    follow,
    [Symbol.dispose]() {
      follow([]);
      clearTimeout(timer);
    },
  };
}
