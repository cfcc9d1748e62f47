import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PushgatewaySource } from './fetch-pushgateway.ts';

const run = promisify(execFile);

/** Reads a file of the web; rejects when it cannot be had. */
type Download = (url: string) => Promise<Uint8Array>;

/** Where the project publishes its releases, and for what machine one is wanted. */
export interface ReleaseOptions {
  readonly download: Download;
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
}

const VERSION = '1.11.3';
const RELEASE = `https://github.com/prometheus/pushgateway/releases/download/v${VERSION}`;

/** As Go names them. @see pushgateway `.promu.yml` */
const SYSTEMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
};
const MACHINES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  arm: 'armv7',
  arm64: 'arm64',
  ia32: '386',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'amd64',
};

/**
 * Takes the program out of the project's release archive, checked against its published sums. They
 * come from where the archive does: a broken download is found, a release that was replaced is not.
 */
export function createReleaseSource(options: ReleaseOptions): PushgatewaySource {
  const { download, platform, arch } = options;
  const system = SYSTEMS[platform];
  const machine = MACHINES[arch];
  const name = `pushgateway-${VERSION}.${system}-${machine}`;
  return {
    name: `the archive of the project's release ${VERSION} (its checksum comes from the same place)`,
    isFor: async () => system !== undefined && machine !== undefined,
    async fetch(folder) {
      const sums = Buffer.from(await download(`${RELEASE}/sha256sums.txt`)).toString();
      const archive = await download(`${RELEASE}/${name}.tar.gz`);
      assertSum(archive, `${name}.tar.gz`, sums);
      const file = join(folder, 'release.tar.gz');
      await writeFile(file, archive);
      await run('tar', ['-xzf', file, '-C', folder, `${name}/pushgateway`]);
      return join(folder, name, 'pushgateway');
    },
  };
}

/** @param sums - what `sha256sum` prints: a sum, two spaces, a file name */
function assertSum(content: Uint8Array, name: string, sums: string): void {
  const line = sums.split('\n').find((text) => text.endsWith(`  ${name}`));
  if (line === undefined) throw new Error(`sha256sums.txt does not list ${name}`);
  const sum = createHash('sha256').update(content).digest('hex');
  if (line.slice(0, sum.length) !== sum) throw new Error(`${name} is not what sha256sums.txt says`);
}
