import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FETCH_SCRIPT = fileURLToPath(
  new URL('../../scripts/fetch-debian-packages.sh', import.meta.url),
);
const FETCHED = fileURLToPath(new URL('../../.cache/debian/', import.meta.url));

interface Program {
  /** Where it is once its package is installed or fetched. */
  readonly path: string;
  /** Debian suite and package to fetch it from; left out for what is installed on the system. */
  readonly fetch?: { readonly suite: string; readonly package: string };
}

/** Programs by name and the version that they stand for; the true one is `programVersion`. */
const PROGRAMS = {
  'pushgateway-1.5': { path: '/usr/bin/prometheus-pushgateway' },
  'pushgateway-1.11': fetched('sid', 'prometheus-pushgateway', 'prometheus-pushgateway'),
  'prometheus-2': { path: '/usr/bin/prometheus' },
  'prometheus-3': fetched('sid', 'prometheus', 'prometheus'),
  vmauth: fetched('sid', 'victoria-metrics', 'vmauth'),
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

/** Where a program is on this machine, or undefined when it is neither installed nor fetched. */
export function findProgram(name: ProgramName): string | undefined {
  const { path } = PROGRAMS[name];
  return existsSync(path) ? path : undefined;
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
  return {
    path: `${FETCHED}${suite}/${packageName}/usr/bin/${command}`,
    fetch: { suite, package: packageName },
  };
}
