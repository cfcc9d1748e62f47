import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const INSTALL_SCRIPT = fileURLToPath(
  new URL('../../scripts/install-debian-packages.sh', import.meta.url),
);

/** What a package is needed for: the tests, or the loads of benchmarks and of the comparison. */
export type Purpose = 'test' | 'bench';

interface DebianPackage {
  readonly name: string;
  readonly purpose: Purpose;
  readonly why: string;
}

/** Every Debian package that this project's tests and measurements use. */
const DEBIAN_PACKAGES: readonly DebianPackage[] = [
  { name: 'prometheus-pushgateway', purpose: 'test', why: 'the upstream, 1.5.1 in Debian 12' },
  { name: 'prometheus', purpose: 'test', why: 'scrapes the upstream during the tests' },
  { name: 'curl', purpose: 'test', why: 'the client most jobs push with' },
  {
    name: 'python3-prometheus-client',
    purpose: 'test',
    why: 'the client library of Python, 0.16 in Debian 12',
  },
  { name: 'ruby', purpose: 'test', why: 'runs what pushes with the client library' },
  {
    name: 'ruby-prometheus-client-mmap',
    purpose: 'test',
    why: 'the client library of Ruby, 0.16 too',
  },
  { name: 'prometheus-cpp-dev', purpose: 'test', why: 'the client library of C++, 1.0' },
  { name: 'g++', purpose: 'test', why: 'compiles what pushes with it' },
  { name: 'redis-server', purpose: 'test', why: 'what several gateways share, 7.0 in Debian 12' },
  { name: 'jq', purpose: 'test', why: 'reads what recipes and the page of the audit log show' },
  { name: 'shellcheck', purpose: 'test', why: 'checks the scripts' },
  { name: 'openssl', purpose: 'test', why: 'makes certificates for the TLS tests' },
  { name: 'unzip', purpose: 'test', why: 'unpacks helm and a new kubectl' },
  { name: 'strace', purpose: 'test', why: 'injects disk faults under the audit log' },
  { name: 'iproute2', purpose: 'test', why: 'network namespaces of the topology tests' },
  { name: 'chromium', purpose: 'test', why: 'the browser that the page is looked at with' },
  { name: 'fonts-dejavu-core', purpose: 'test', why: 'letters for it' },
  { name: 'nginx', purpose: 'test', why: 'what the gateway is compared with' },
  { name: 'wget', purpose: 'test', why: 'a client that asks without its credential first' },
  { name: 'apache2-utils', purpose: 'test', why: 'htpasswd, whose hashes are taken' },
  { name: 'wrk', purpose: 'bench', why: 'makes the load' },
];

/**
 * Installs the Debian packages for `purposes` that are missing, as root or through passwordless
 * sudo, and says what it does; touches nothing when none is missing.
 *
 * @throws Error that names the apt-get line to run when this process may not install them.
 */
export function installDebianPackages(purposes: readonly Purpose[]): void {
  const needed = DEBIAN_PACKAGES.filter(({ purpose }) => purposes.includes(purpose));
  const installed = installedPackages(needed.map(({ name }) => name));
  const missing = needed.filter(({ name }) => !installed.has(name));
  if (missing.length === 0) {
    console.log(`debian packages: all ${needed.length} are installed`);
    return;
  }
  console.log('debian packages to install:');
  for (const { name, why } of missing) console.log(`  ${name}: ${why}`);
  const names = missing.map(({ name }) => name);
  const [command, ...args] = [...privilege(names), INSTALL_SCRIPT, ...names];
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${INSTALL_SCRIPT} failed; ${manualLine(names)}`);
}

function installedPackages(names: readonly string[]): ReadonlySet<string> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const query = ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names];
  const { stdout, error } = spawnSync('dpkg-query', query, { encoding: 'utf8' });
  if (error !== undefined) {
    throw new Error(
      `dpkg-query cannot be run (${error.message}): the tests against real programs need Debian or Ubuntu; "node --test test/core" needs none`,
    );
  }
  const lines = stdout.split('\n').map((line) => line.split(' '));
  return new Set(lines.flatMap(([name, state]) => (name && state === 'installed' ? [name] : [])));
}

function privilege(names: readonly string[]): readonly [string, ...string[]] {
  if (process.getuid?.() === 0) return ['env'];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n'];
  } catch {
    throw new Error(`neither root nor passwordless sudo; ${manualLine(names)}`);
  }
}

function manualLine(names: readonly string[]): string {
  return `install them yourself: sudo apt-get install --no-install-recommends ${names.join(' ')}`;
}
