#!/usr/bin/env node
import { cacheCompiledCode } from './cli/cache-compiled-code.ts';
import { meetsNodeVersion, OLDEST_NODE } from './node-version.ts';

if (meetsNodeVersion(process.versions.node)) {
  // The gateway itself runs for long, and only what was installed.
  if (process.argv[2] !== 'serve') cacheCompiledCode();
  const { run } = await import('./cli/run.ts');
  await run(process.argv);
} else {
  console.error(
    `pushwarden needs Node ${OLDEST_NODE} or newer, this is ${process.versions.node}: install one, or in a checkout put "npx" before "node"`,
  );
  process.exitCode = 1;
}
