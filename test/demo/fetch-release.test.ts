import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { download } from '../../src/demo/download.ts';
import { createReleaseSource } from '../../src/demo/fetch-release.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

const RELEASE = '/prometheus/pushgateway/releases/download/v1.11.3';
const NAME = 'pushgateway-1.11.3.linux-amd64';
const PROGRAM = '#!/bin/sh\necho "pushgateway, version 1.11.3 (branch: HEAD)"\n';

/** The web site of the project: files by path. */
async function startSite(files: Readonly<Record<string, string | Buffer>>) {
  const server = createServer((req, res) => {
    const content = files[req.url ?? ''];
    if (content === undefined) res.writeHead(404).end('Not Found');
    else if (typeof content === 'string' && content.startsWith('/')) {
      res.writeHead(302, { location: content }).end();
    } else res.end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number }; // a TCP server that listens
  return {
    source: (platform: NodeJS.Platform = 'linux', arch: NodeJS.Architecture = 'x64') =>
      createReleaseSource({
        download: (url) => download(url.replace('https://github.com', `http://127.0.0.1:${port}`)),
        platform,
        arch,
      }),
    [Symbol.dispose]: () => void server.close(),
  };
}

async function pack(scratch: Scratch): Promise<Buffer> {
  await mkdir(`${scratch.path}/${NAME}`);
  await scratch.write(`${NAME}/pushgateway`, PROGRAM);
  await scratch.write(`${NAME}/LICENSE`, 'text');
  execFileSync('tar', ['-czf', 'archive.tar.gz', NAME], { cwd: scratch.path });
  return await readFile(`${scratch.path}/archive.tar.gz`);
}

function sumOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

test('a release is downloaded, redirects followed, checked, and unpacked', async () => {
  await using scratch = await createScratch();
  const archive = await pack(scratch);
  using site = await startSite({
    [`${RELEASE}/sha256sums.txt`]: `${'0'.repeat(64)}  other.tar.gz\n${sumOf(archive)}  ${NAME}.tar.gz\n`,
    [`${RELEASE}/${NAME}.tar.gz`]: '/elsewhere',
    '/elsewhere': archive,
  });
  await mkdir(`${scratch.path}/work`);
  const file = await site.source().fetch(`${scratch.path}/work`);
  assert.equal(await readFile(file, 'utf8'), PROGRAM);
});

const unsound = [
  [
    'is another archive',
    (sum: string) => `${sum.replace(/./g, '0')}  ${NAME}.tar.gz\n`,
    /is not what sha256sums.txt says/,
  ],
  ['is not listed', (sum: string) => `${sum}  x${NAME}.tar.gz\n`, /sha256sums.txt does not list/],
] as const;
for (const [what, render, message] of unsound) {
  test(`a release that ${what} is refused`, async () => {
    await using scratch = await createScratch();
    const archive = await pack(scratch);
    using site = await startSite({
      [`${RELEASE}/sha256sums.txt`]: render(sumOf(archive)),
      [`${RELEASE}/${NAME}.tar.gz`]: archive,
    });
    await assert.rejects(site.source().fetch(scratch.path), { message });
  });
}

test('a release that cannot be downloaded is refused with the address and the status', async () => {
  await using scratch = await createScratch();
  using site = await startSite({});
  const message = /^http:\/\/127\.0\.0\.1:\d+\/prometheus\/.*\/sha256sums\.txt: status 404$/;
  await assert.rejects(site.source().fetch(scratch.path), { message });
});

const machines = [
  ['linux', 'x64', true],
  ['darwin', 'arm64', true],
  ['linux', 'mips', false],
  ['win32', 'x64', false],
  ['aix', 'ppc64', false],
] as const;
for (const [platform, arch, isFor] of machines) {
  test(`a release is ${isFor ? '' : 'not '}tried on ${platform} ${arch}`, async () => {
    using site = await startSite({});
    assert.equal(await site.source(platform, arch).isFor(), isFor);
  });
}
