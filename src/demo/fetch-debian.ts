import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PushgatewaySource } from './fetch-pushgateway.ts';
import { findPrograms } from './pushgateway-program.ts';

const run = promisify(execFile);

const PACKAGE = 'prometheus-pushgateway';
const TIMEOUT_MS = 120_000;

/**
 * Takes the program out of Debian's or Ubuntu's package, which is neither installed nor needs root:
 * everything that apt writes goes into the folder. apt checks it against the archive's keys.
 */
export function createDebianSource(searchPath: string | undefined): PushgatewaySource {
  const isHere = async (name: string): Promise<boolean> =>
    (await findPrograms(name, searchPath)).length > 0;
  return {
    name: `the ${PACKAGE} package of this system's archive, which is not installed`,
    isFor: async () => (await isHere('apt-get')) && (await isHere('dpkg')),
    async fetch(folder) {
      await downloadPackage(folder);
      const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
      if (file === undefined) throw new Error('apt-get downloaded no package');
      await run('dpkg', ['-x', file, 'tree'], { cwd: folder, timeout: TIMEOUT_MS });
      return join(folder, 'tree/usr/bin', PACKAGE);
    },
  };
}

async function downloadPackage(folder: string): Promise<void> {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await Promise.all([
    mkdir(join(lists, 'partial'), { recursive: true }),
    mkdir(join(cache, 'archives/partial'), { recursive: true }),
  ]);
  const apt = async (...args: readonly string[]): Promise<void> => {
    const options = ['-qq', '-o', `Dir::Cache=${cache}`, ...APT_OPTIONS];
    await run('apt-get', [...options, ...args], { cwd: folder, timeout: TIMEOUT_MS });
  };
  try {
    await apt('download', PACKAGE);
  } catch {
    // The package lists of the system are missing or old.
    const ownLists = ['-o', `Dir::State::Lists=${lists}`];
    await apt(...ownLists, 'update');
    await apt(...ownLists, 'download', PACKAGE);
  }
}

const APT_OPTIONS = [
  'Acquire::Languages=none',
  'Acquire::Retries=1',
  'Acquire::http::Timeout=20',
  'Acquire::https::Timeout=20',
  // Root's apt would download as a user that may not write here.
  'APT::Sandbox::User=root',
].flatMap((option) => ['-o', option]);
