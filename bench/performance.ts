import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { renderPage, SECTIONS, type Section } from './support/performance-page.ts';

/**
 * Runs the benchmarks behind `docs/operate/performance.md` one after the other, and writes it.
 *
 * `npm run bench -- performance`
 */
const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));
const PAGE = new URL('../docs/operate/performance.md', import.meta.url);
const run = promisify(execFile);

const load = loadavg()[0] ?? Number.NaN;
const outputs = new Map<Section, string>();
for (const section of SECTIONS) {
  const began = performance.now();
  const { stdout } = await run(process.execPath, [RUN, ...section.bench]);
  outputs.set(section, stdout);
  console.log(`${section.title}: ${((performance.now() - began) / 1000).toFixed(0)} s\n${stdout}`);
}
await writeFile(PAGE, renderPage({ machine: describeMachine(), outputs }));
console.log(fileURLToPath(PAGE));

function describeMachine(): string {
  const processors = cpus();
  const [{ model = 'unknown' } = {}] = processors;
  const cores = `${processors.length} cores (${model.trim()})`;
  return `Measured on ${cores} with Node ${process.versions.node}, where the load average was ${load.toFixed(1)} before. Programs that load, store and measure ran on the same cores. Medians of the rounds, with the least and the most of them where it says spread.`;
}
