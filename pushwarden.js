#!/usr/bin/env node
// Runs the sources of a checkout. In plain JavaScript: a Node that cannot read them says so in a line.
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// As cli/cache-compiled-code.ts does, but before the first file that types are taken away from, which
// takes longer than most commands; an old Node, or no place to write, is no harm.
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
module.enableCompileCache?.(join(cache, 'pushwarden', 'compiled'));
try {
  await import('./src/main.ts');
} catch (error) {
  if (error.code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
  const { engines } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  console.error(
    `pushwarden needs Node ${engines.node.slice('>='.length)} or newer, this is ${process.versions.node}: install one, or in a checkout put "npx" before "node"`,
  );
  process.exitCode = 1;
}
