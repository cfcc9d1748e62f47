import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProjectFile } from '../docs/markdown.ts';

/** Not to be had from every registry: nothing that this system installs. */
const UNCHECKED = /^node_modules\/@node-rs\/bcrypt-(?!linux-x64-gnu)/;

test('every package of the lock file is held to a checksum', () => {
  const { packages } = JSON.parse(readProjectFile('package-lock.json'));
  const bare = Object.entries<{ readonly integrity?: string }>(packages)
    .filter(([path, { integrity }]) => path !== '' && integrity === undefined)
    .map(([path]) => path);
  assert.deepEqual(
    bare.filter((path) => !UNCHECKED.test(path)),
    [],
  );
});
