#!/usr/bin/env node
import { meetsNodeVersion, OLDEST_NODE } from './node-version.ts';

if (meetsNodeVersion(process.versions.node)) {
  const { run } = await import('./cli/run.ts');
  await run(process.argv);
} else {
  console.error(
    `pushwarden needs Node ${OLDEST_NODE} or newer, this is ${process.versions.node}: install one, or in a checkout put "npx" before "node"`,
  );
  process.exitCode = 1;
}
