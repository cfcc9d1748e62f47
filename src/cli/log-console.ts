import { format } from 'node:util';

interface Warnings {
  warn(message: string, fields: object): void;
}

/**
 * Has what libraries print become lines of the log, each text once: a client says the same at every
 * connection.
 */
export function logConsole(log: Warnings): void {
  const told = new Set<string>();
  const tell = (...said: readonly unknown[]): void => {
    const text = format(...said);
    if (told.has(text) || told.size >= MOST_TEXTS) return;
    told.add(text);
    log.warn('library', { text });
  };
  Object.assign(console, { debug: tell, error: tell, info: tell, log: tell, warn: tell });
}

/** More than are known of; a text that is never the same does not fill the log. */
const MOST_TEXTS = 100;
