import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from './debian-packages.ts';
import { fetchPrograms, type ProgramName, programVersion } from './program.ts';

/**
 * `npm test [-- PATH...]`: brings the programs that the tests run against, runs every test file (or
 * those named), and ends with the runner's closing lines and its exit status.
 */

const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));

/** What Node makes of the sources, which every process of the tests and each gateway would make anew. */
const COMPILED = `${CACHE}node/`;

/** Per test and per file. */
const TIMEOUT_MS = 180_000;

const SYSTEM: readonly ProgramName[] = ['pushgateway-1.5', 'prometheus-2'];
const NEWER: readonly ProgramName[] = ['pushgateway-1.11', 'prometheus-3', 'valkey-8'];

/** Render manifests and read the Compose file; the machine's own, if there are any, are left alone. */
const TOOLS: readonly ProgramName[] = ['kubectl-1.32', 'kubectl-1.35', 'helm-4', 'compose-2'];

/** Compiler and client libraries that are used from where they were fetched to. */
const CLIENTS: readonly ProgramName[] = [
  'go-1.24',
  'client_golang-1.14',
  'client_golang-1.21',
  'prometheus_client-0.21',
];

function prepare(): void {
  installDebianPackages(['test']);
  if (!fetchPrograms([...NEWER, ...TOOLS, ...CLIENTS])) {
    if (process.env['CI'] === 'true') throw new Error('the newer programs could not be fetched');
    console.log('THE NEWER PROGRAMS COULD NOT BE FETCHED: testing with the older ones only');
  }
  const versions = [...SYSTEM, ...NEWER].map((name) => `${name}: ${programVersion(name)}`);
  console.log(`testing with ${versions.join(', ')}`);
}

/** @returns the exit status, and where each red test of the outermost level stands */
function runOnce(paths: readonly string[], concurrency: number): { status: number; red: string[] } {
  mkdirSync(CACHE, { recursive: true });
  const tap = `${CACHE}test.tap`;
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${TIMEOUT_MS}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      `--test-reporter-destination=${tap}`,
      ...paths,
    ],
    { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE: COMPILED } },
  );
  const lines = readFileSync(tap, 'utf8');
  // The spec reporter lists the failures after its counts: the counts come last here.
  console.log((lines.match(/^# [a-z_]+ [\d.]+$/gm) ?? []).join('\n'));
  return { status: status ?? 1, red: findRed(lines) };
}

/** The files of the red tests of the outermost level, as the TAP tells them. */
function findRed(tap: string): string[] {
  const red = tap.matchAll(/^not ok .*\n {2}---\n(?: {2}.*\n)*? {2}location: '(.+):\d+:\d+'$/gm);
  return [...new Set([...red].map(([, file = '']) => file))];
}

/**
 * A file that was red beside others runs once more, alone: what a stalled machine did to it is not
 * told by its second run, what is broken is. More than a few are no accident.
 */
function runTests(paths: readonly string[]): number {
  const { status, red } = runOnce(paths, availableParallelism());
  const mayBeAccident = red.length <= 5 && red.every((file) => file.endsWith('.test.ts'));
  if (status === 0 || red.length === 0 || !mayBeAccident) return status;
  console.log(`RED BESIDE OTHERS, NOW AGAIN ALONE: ${red.join(' ')}`);
  return runOnce(red, 1).status;
}

try {
  prepare();
  const paths = process.argv.slice(2);
  process.exitCode = runTests(paths.length > 0 ? paths : ['test/**/*.test.ts']);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
