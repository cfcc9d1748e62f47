import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { compare } from './support/compare.ts';
import { LOAD_CASES, measureCase } from './support/load.ts';
import { listPrograms, preparePrograms } from './support/programs.ts';
import { PROXIES } from './support/proxies.ts';
import { renderLoadCase, renderLoadHead } from './support/render-load.ts';
import { renderRequests } from './support/render-requests.ts';

/**
 * Compares nginx, vmauth and pushwarden and writes `results/`.
 *
 * `npm run compare [-- requests | load [SECONDS] [ROUNDS]]`
 */
const [part = 'all', ...numbers] = process.argv.slice(2);
const [seconds = 3, rounds = 5] = numbers.map(Number);
const PARTS: Readonly<Record<string, readonly (() => Promise<void>)[]>> = {
  requests: [compareRequests],
  load: [compareLoad],
  all: [compareRequests, compareLoad],
};

const chosen = PARTS[part];
if (chosen === undefined) {
  console.error('usage: npm run compare [-- requests | load [SECONDS] [ROUNDS]]');
  process.exitCode = 2;
} else {
  preparePrograms();
  for (const run of chosen) await run();
}

async function compareRequests(): Promise<void> {
  const results = await compare(PROXIES, console.log);
  await write('requests.md', renderRequests(listPrograms(), results));
}

async function compareLoad(): Promise<void> {
  const options = { seconds, rounds };
  let text = renderLoadHead(listPrograms(), options, loadavg()[0] ?? Number.NaN);
  for (const load of LOAD_CASES) {
    console.log(load.title);
    text += renderLoadCase(load, await measureCase(load, options));
  }
  await write('load.md', text);
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(new URL(`results/${name}`, import.meta.url), text);
  console.log(`nginx-compare/results/${name}`);
}
