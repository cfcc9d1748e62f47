import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../config/engine/secrets.ts';

/**
 * Keeps what Node makes of the sources in the user's cache, since to make it takes longer than most
 * commands do; where nothing can be written they go on without.
 */
export function cacheCompiledCode(): void {
  const cache = readEnvironment('XDG_CACHE_HOME') || join(homedir(), '.cache');
  module.enableCompileCache(join(cache, 'pushwarden', 'compiled'));
}
