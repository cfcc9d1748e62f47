import { fileURLToPath } from 'node:url';
import type { TestGateway } from '../support/gateway.ts';
import { type ListeningProcess, startListeningProcess } from '../support/listening-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

type Addresses = Pick<TestGateway, 'url' | 'adminUrl'>;

/** A run of `serve` that may have to wait for another one to end. */
export interface ServeProcess {
  /** Settles when it says that it waits for another gateway. */
  readonly waits: Promise<void>;
  /** The process once it serves, and where; rejects with its log when it ends before. */
  readonly ready: Promise<ListeningProcess<Addresses>>;
}

/**
 * Runs `serve` with a configuration file.
 * @param wrapper - a command that runs it, such as strace with its options
 */
export function startServe(
  configFile: string,
  wrapper: readonly string[] = [],
  options: readonly string[] = [],
): ServeProcess {
  const { promise: waits, resolve: noteWait } = Promise.withResolvers<void>();
  // strace does not take its program with it when it is killed
  const wrapped = wrapper.length > 0 ? [...wrapper, 'setpriv', '--pdeathsig', 'KILL'] : [];
  const program = [process.execPath, MAIN, 'serve', '--config', configFile, ...options];
  const [command = '', ...args] = [...wrapped, ...program];
  const ready = startListeningProcess({
    command,
    args,
    ready({ msg, listen, admin }) {
      if (String(msg).startsWith('waiting for another gateway')) noteWait();
      return msg === 'ready' ? { url: String(listen), adminUrl: String(admin) } : undefined;
    },
  });
  ready.catch(() => undefined); // whoever awaits it gets the error
  return { waits, ready };
}
