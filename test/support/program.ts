import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FETCH_SCRIPT = fileURLToPath(
  new URL('../../scripts/fetch-debian-packages.sh', import.meta.url),
);
const FETCHED = fileURLToPath(new URL('../../.cache/debian/', import.meta.url));

interface Program {
  /** Where it is once its package is installed or fetched: a program, or what a library has. */
  readonly path: string;
  /** Debian suite and packages to fetch it from; left out for what is installed on the system. */
  readonly fetch?: { readonly suite: string; readonly package: string };
}

/** What `client_golang/prometheus/push` imports, in any generation of Debian. */
const GO_LIBRARIES = [
  'golang-github-prometheus-client-golang-dev',
  'golang-github-prometheus-client-model-dev',
  'golang-github-prometheus-common-dev',
  'golang-github-prometheus-procfs-dev',
  'golang-github-beorn7-perks-dev',
  'golang-github-cespare-xxhash-dev',
  'golang-golang-x-sys-dev',
  'golang-google-protobuf-dev',
];

/** Programs by name and the version that they stand for; the true one is `programVersion`. */
const PROGRAMS = {
  'pushgateway-1.5': { path: '/usr/bin/prometheus-pushgateway' },
  'pushgateway-1.11': fetched('sid', 'prometheus-pushgateway', 'prometheus-pushgateway'),
  'prometheus-2': { path: '/usr/bin/prometheus' },
  'prometheus-3': fetched('sid', 'prometheus', 'prometheus'),
  vmauth: fetched('sid', 'victoria-metrics', 'vmauth'),
  'go-1.24': unpacked('trixie', ['golang-1.24-go', 'golang-1.24-src'], 'lib/go-1.24/bin/go'),
  'client_golang-1.14': unpacked(
    'bookworm',
    [...GO_LIBRARIES, 'golang-github-golang-protobuf-1-3-dev', 'golang-protobuf-extensions-dev'],
    'share/gocode',
  ),
  'client_golang-1.21': unpacked(
    'trixie',
    [...GO_LIBRARIES, 'golang-github-munnerz-goautoneg-dev'],
    'share/gocode',
  ),
  python: { path: '/usr/bin/python3' },
  'prometheus_client-0.16': { path: '/usr/lib/python3/dist-packages/prometheus_client' },
  'prometheus_client-0.21': unpacked(
    'trixie',
    ['python3-prometheus-client'],
    'lib/python3/dist-packages/prometheus_client',
  ),
  ruby: { path: '/usr/bin/ruby' },
  'prometheus-client-mmap': { path: '/usr/lib/ruby/vendor_ruby/prometheus/client' },
  'g++': { path: '/usr/bin/g++' },
  'prometheus-cpp': { path: '/usr/include/prometheus/gateway.h' },
  shellcheck: { path: '/usr/bin/shellcheck' },
  'kubectl-1.20': unpacked('bookworm', ['kubernetes-client'], 'bin/kubectl'),
  'promtool-2': { path: '/usr/bin/promtool' },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

/** Where a program is on this machine, or undefined when it is neither installed nor fetched. */
export function findProgram(name: ProgramName): string | undefined {
  const { path } = PROGRAMS[name];
  return existsSync(path) ? path : undefined;
}

/**
 * Why tests that need programs cannot run here, for the `skip` of `node:test`; false when they can,
 * and in CI, where a program that is missing fails its tests.
 */
export function missingPrograms(names: readonly ProgramName[]): string | false {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0 || process.env['CI'] === 'true') return false;
  return `${missing.join(', ')} not here: "npm test" brings it`;
}

/** The version that a program reports of itself, such as `1.11.2`. */
export function programVersion(name: ProgramName): string {
  const path = findProgram(name);
  if (path === undefined) return 'missing';
  const { stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return /version (\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1] ?? 'unknown';
}

/**
 * Fetches those of the named programs that are missing into `.cache/`, without touching the system.
 *
 * @returns whether all of them are there now.
 */
export function fetchPrograms(names: readonly ProgramName[]): boolean {
  const packages = new Map<string, Set<string>>();
  for (const name of names) {
    const program: Program = PROGRAMS[name];
    if (program.fetch === undefined || findProgram(name) !== undefined) continue;
    const { suite } = program.fetch;
    packages.set(suite, (packages.get(suite) ?? new Set()).add(program.fetch.package));
  }
  for (const [suite, wanted] of packages) {
    console.log(`fetching from Debian ${suite}, not installing: ${[...wanted].join(' ')}`);
    spawnSync(FETCH_SCRIPT, [suite, `${FETCHED}${suite}`, ...wanted], { stdio: 'inherit' });
  }
  return names.every((name) => findProgram(name) !== undefined);
}

function fetched(suite: string, packageName: string, command: string): Program {
  return unpacked(suite, [packageName], `bin/${command}`);
}

/** Packages that belong together, and what to take of them, by its path below `/usr`. */
function unpacked(suite: string, packages: readonly string[], path: string): Program {
  return {
    path: `${FETCHED}${suite}/${packages[0]}/usr/${path}`,
    fetch: { suite, package: packages.join(',') },
  };
}
