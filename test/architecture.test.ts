import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { test } from 'node:test';

const ROOT = new URL('../src/', import.meta.url);

/** What `compose/` strings together. */
const EVERYTHING = readdirSync(ROOT, 'utf8');

/** What an adapter may see of the rest: never another adapter. */
const ADAPTER = ['core/', 'pipeline/ports', 'pipeline/shared-state.ts'];

/** A command may reach one adapter beside the configuration: what it is the command of. */
const COMMAND = ['cli/', 'compose/compose.ts', 'config/', 'core/', 'version.ts'];

/** What belongs to no adapter: it limits what runs at once, writes the log. */
const LIBRARIES = ['node:', 'p-limit', 'pino'];

/** Folder or file of `src`: what it may import, beside itself, from `src` and from outside. */
const LAYERS: Readonly<Record<string, { src: readonly string[]; outside: readonly string[] }>> = {
  'core/': { src: [], outside: ['node:crypto', 'node:net'] },
  'pipeline/': { src: ['core/'], outside: [] },
  'activity/': { src: ADAPTER, outside: [] },
  'audit/': { src: [...ADAPTER, 'disk/'], outside: ['node:'] },
  'config/': { src: ADAPTER, outside: ['node:', 'fastest-levenshtein', 'yaml', 'zod'] },
  'credentials/': {
    src: [...ADAPTER, 'threads/'],
    outside: ['node:', '@node-rs/bcrypt', 'apache-md5', 'jose', 'lru-cache', 'p-limit', 'undici'],
  },
  'threads/': { src: ['core/'], outside: ['node:'] },
  'parsing/': { src: [...ADAPTER, 'threads/'], outside: ['node:'] },
  'disk/': { src: ['core/'], outside: ['node:'] },
  'demo/': { src: ADAPTER, outside: ['node:'] },
  'spool/': { src: [...ADAPTER, 'disk/'], outside: ['node:'] },
  'store/': { src: ADAPTER, outside: ['node:'] },
  'encodings/': { src: ADAPTER, outside: ['node:', 'snappyjs'] },
  'limits/': { src: ADAPTER, outside: ['node:'] },
  'state/': { src: ADAPTER, outside: ['node:', 'ioredis', 'lru-cache'] },
  'metrics/': { src: ADAPTER, outside: ['node:', 'prom-client'] },
  'upstream/': { src: [...ADAPTER, 'threads/'], outside: ['node:', 'undici'] },
  'http/': {
    src: ['core/', 'pipeline/'],
    outside: ['node:', 'express', 'helmet', 'http-proxy-middleware', 'ulid'],
  },
  'compose/': { src: EVERYTHING, outside: LIBRARIES },
  'cli/hash-password.ts': { src: COMMAND, outside: ['node:', '@node-rs/bcrypt', 'commander'] },
  'cli/log-console.ts': { src: ['pipeline/ports.ts'], outside: ['node:'] },
  'cli/operational-log.ts': { src: ['pipeline/ports.ts', 'cli/line-sink.ts'], outside: ['pino'] },
  'cli/compare/': { src: [...COMMAND, 'upstream/'], outside: ['node:', 'commander'] },
  'cli/': {
    src: [...COMMAND, 'audit/', 'credentials/', 'demo/', 'disk/', 'threads/'],
    outside: ['node:', 'commander'],
  },
  'main.ts': { src: ['cli/', 'node-version.ts'], outside: [] },
  'node-version.ts': { src: [], outside: [] },
  'version.ts': { src: [], outside: ['node:fs'] },
};

const IMPORT =
  /^\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]?([^'")]*)/gm;

/** The imports of one source file that its layer forbids. */
function leaks(file: string, source: string): readonly string[] {
  const [own = '', layer] = Object.entries(LAYERS).find(([name]) => file.startsWith(name)) ?? [];
  if (layer === undefined) return [`${file} is in no layer`];
  return [...source.matchAll(IMPORT)]
    .map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
    .filter((specifier) => {
      const inside = specifier.startsWith('.');
      const target = inside ? join(dirname(file), specifier) : specifier;
      const allowed = inside ? [own, ...layer.src] : layer.outside;
      return !allowed.some((prefix) => target.startsWith(prefix));
    })
    .map((specifier) => `${file} must not import ${specifier}`);
}

test('every import of src keeps to its layer', () => {
  const files = readdirSync(ROOT, { encoding: 'utf8', recursive: true });
  const sources = files.filter((file) => file.endsWith('.ts'));
  assert.ok(sources.length > 20);
  const found = sources.flatMap((file) => leaks(file, readFileSync(new URL(file, ROOT), 'utf8')));
  assert.deepEqual(found, []);
});

const planted = [
  ['core/policy.ts', "import { readFileSync } from 'node:fs';"],
  ['core/policy.ts', "import type { Snapshot } from '../pipeline/snapshot.ts';"],
  ['pipeline/admit.ts', "export { hash } from '../credentials/password-hash.ts';"],
  ['pipeline/admit.ts', "import 'node:fs';"],
  ['audit/file-sink.ts', "import {\n  registry,\n} from '../metrics/registry.ts';"],
  ['disk/file-lock.ts', "import type { AuditLog } from '../pipeline/ports.ts';"],
  ['limits/team-limiter.ts', "import { withFile } from '../disk/file-system.ts';"],
  ['http/app.ts', "const { Pool } = await import('undici');"],
  ['http/app.ts', 'const leak = await import(name);'],
  ['store/follow-store.ts', "import { createStoreReader } from '../upstream/store-reader.ts';"],
  ['cli/serve.ts', "import { startUpstream } from '../upstream/child.ts';"],
  ['compose/compose.ts', "import { curl } from '../support/curl.ts';"],
  ['helpers/misc.ts', ''],
] as const;
for (const [file, source] of planted) {
  test(`a leak is found in ${file}: ${source || 'a folder of no layer'}`, () => {
    assert.equal(leaks(file, source).length, 1);
  });
}
