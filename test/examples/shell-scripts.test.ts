import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { ROOT } from '../docs/markdown.ts';
import { missingPrograms } from '../support/program.ts';

const SCRIPTS = globSync(['{deploy,examples,scripts}/**/*.sh', '.ci/run'], { cwd: ROOT });

test('shellcheck finds nothing in any script', { skip: missingPrograms(['shellcheck']) }, () => {
  assert.ok(SCRIPTS.length > 5);
  const { stdout, status } = spawnSync('shellcheck', SCRIPTS, { cwd: ROOT, encoding: 'utf8' });
  assert.deepEqual([stdout, status], ['', 0]);
});
