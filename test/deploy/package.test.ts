import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { codeBlocks, ROOT, readProjectFile, withoutCodeBlocks } from '../docs/markdown.ts';
import { eventually } from '../support/eventually.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

const run = promisify(execFile);

/** The Node that runs this test before any other, for `npm`, `npx` and the program alike. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };

interface PackedFile {
  readonly path: string;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly PackedFile[];
}

let scratch: Scratch;
let packed: Packed;
/** An empty folder in which somebody installed the package. */
let folder: string;

before(async () => {
  scratch = await createScratch();
  // A copy: packing builds, and other tests read the folder of the build.
  const sources = join(scratch.path, 'sources');
  const { files, name } = JSON.parse(readProjectFile('package.json'));
  for (const path of [...files, 'src', 'tsconfig.json', 'package.json', 'README.md', 'LICENSE']) {
    if (path === 'dist' || path.startsWith('!')) continue;
    await cp(ROOT + path, join(sources, path), { recursive: true });
  }
  await symlink(`${ROOT}node_modules`, join(sources, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', scratch.path], {
    cwd: sources,
    env,
  });
  packed = JSON.parse(stdout.slice(stdout.indexOf('[')))[0];
  folder = join(scratch.path, 'elsewhere');
  await installOffline(folder, name, `file:${join(scratch.path, packed.filename)}`);
});
after(() => scratch[Symbol.asyncDispose]());

/**
 * What `npm install TARBALL` comes to, with the versions of package-lock.json: those `npm ci` has
 * brought to npm's own cache, so that no registry is asked.
 */
async function installOffline(path: string, name: string, tarball: string): Promise<void> {
  const lock = JSON.parse(readProjectFile('package-lock.json'));
  const { '': root, ...rest } = lock.packages;
  const dependencies = { [name]: tarball };
  const libraries = Object.entries<{ readonly dev?: boolean }>(rest).filter(([, { dev }]) => !dev);
  const { version, bin } = root;
  const own = { version, bin, resolved: tarball, dependencies: root.dependencies };
  const packages = {
    '': { dependencies },
    [`node_modules/${name}`]: own,
    ...Object.fromEntries(libraries),
  };
  await run('mkdir', [path]);
  await writeFile(join(path, 'package.json'), JSON.stringify({ dependencies }));
  await writeFile(join(path, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: path, env });
}

function npx(...args: readonly string[]) {
  return run('npx', ['--no', '--', 'pushwarden', ...args], { cwd: folder, env });
}

/** Starts a command that goes on, until it has shown `awaited`; it is stopped in the end. */
async function showsAndStops(awaited: RegExp, ...args: readonly string[]): Promise<string> {
  const child = spawn(`${folder}/node_modules/.bin/pushwarden`, args, { cwd: folder, env });
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      shown += chunk;
    });
  }
  const ended = once(child, 'exit');
  try {
    await eventually(String(awaited), () => awaited.test(shown) || undefined);
  } finally {
    child.kill('SIGTERM');
  }
  assert.deepEqual(await ended, [0, null], shown);
  return shown;
}

test('the package holds what its users need, and no source, test or secret', () => {
  const folders = new Set(packed.files.map(({ path }) => path.split('/')[0]));
  assert.deepEqual([...folders].sort(), [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'deploy',
    'dist',
    'docs',
    'examples',
    'package.json',
  ]);
  assert.deepEqual(
    packed.files.filter(({ path }) => /\/secrets\/|\.key$|\.token$/.test(path)),
    [],
  );
});

test('the units for systemd start what is installed so', () => {
  const units = packed.files.filter(({ path }) => /systemd\/pushwarden.*\.service$/.test(path));
  assert.equal(units.length, 2);
  for (const { path } of units) {
    const unit = readProjectFile(path);
    const mains = [...unit.matchAll(/\/opt\/pushwarden\/(\S+\.js)/g)].map(([, main]) => main);
    assert.deepEqual(
      mains.filter((main) => !existsSync(join(folder, String(main)))),
      [],
    );
    assert.equal(mains.length, 2);
  }
});

test('npx pushwarden --help shows the commands', async () => {
  const { stdout } = await npx('--help');
  assert.match(stdout, /^ {2}serve /m);
  assert.match(stdout, /^ {2}demo /m);
});

test('npx pushwarden demo runs in an empty folder', async () => {
  const shown = await showsAndStops(/See it:\n/, 'demo', '--no-fetch', '--listen', '127.0.0.1:0');
  assert.match(shown, /\/metrics\/job\/batch_job/);
});

test('npx pushwarden serve runs with the configuration of the README', async () => {
  const config = codeBlocks(readProjectFile('README.md')).find((block) =>
    block.startsWith('listen:'),
  );
  assert.ok(config);
  const file = config.replace(
    /^listen: .*$/m,
    'listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }',
  );
  await writeFile(join(folder, 'pushwarden.yaml'), file);
  await showsAndStops(/"msg":"ready"/, 'serve', '--config', 'pushwarden.yaml');
});

test('the sources run after npm ci --omit=dev, without a tool for developers', async () => {
  const sources = join(scratch.path, 'production');
  for (const path of ['src', 'pushwarden.js', 'package.json', 'package-lock.json']) {
    await cp(ROOT + path, join(sources, path), { recursive: true });
  }
  const install = ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', install, { cwd: sources, env });
  const main = join(sources, 'pushwarden.js');
  assert.match((await run(process.execPath, [main, 'version'])).stdout, /^pushwarden \d/);
  await assert.rejects(readFile(join(sources, 'node_modules/.bin/tsc')), { code: 'ENOENT' });
  await assert.rejects(readFile(join(sources, 'node_modules/.bin/node')), { code: 'ENOENT' });
});

test('an older Node says in one line what to do', async () => {
  const main = JSON.stringify(join(folder, 'node_modules/pushwarden/dist/main.js'));
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.19.0' }); await import(${main});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  assert.equal(code, 1);
  assert.match(errors, /^pushwarden needs Node 24\.18\.1 or newer, this is 20\.19\.0: .*npx.*\n$/);
});

const LINK = /\[[^\]]*\]\(([^)\s#]+)[^)\s]*\)/g;

test('no link in the documents of the package leads out of it', () => {
  const paths = packed.files.map(({ path }) => path);
  const exists = (target: string): boolean =>
    paths.some((path) => path === target || path.startsWith(`${target}/`));
  const broken = paths
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...withoutCodeBlocks(readProjectFile(path)).matchAll(LINK)]
        .map(([, link = '']) => link)
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => !exists(join(dirname(path), link).replace(/\/$/, '')))
        .map((link) => `${path}: ${link}`),
    );
  assert.deepEqual([...new Set(broken)], []);
});
