import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../../src/config/checks.ts';
import { configSchema } from '../../../src/config/schema.ts';

const NOTHING = 'teams.a.allow: is empty: the team may do nothing';
const NO_METRIC = 'teams.a.metrics.allow: is empty: the team may push no metric';
const b = { jobs: ['b', 'c_*'], allow: ['push'] };

const CASES = [
  ['no permission', { jobs: ['a'], allow: [] }, [NOTHING]],
  ['no metric', { jobs: ['a'], metrics: { allow: [] } }, [NO_METRIC]],
  ['reads of its own', { jobs: ['a'], allow: ['push', 'read'] }, []],
  ['deletes only', { jobs: ['a'], allow: ['delete'] }, []],
] as const;
for (const [what, a, expected] of CASES) {
  test(`the check of a team with ${what}`, () => {
    const upstream = { url: 'http://127.0.0.1:9092' };
    const config = configSchema.parse({ upstream, teams: { a, b } });
    const found = checkConfig(config, 0)
      .filter(({ path, message }) => path[1] === 'a' && !/credentials/.test(message))
      .map(({ path, message }) => `${path.join('.')}: ${message}`);
    assert.deepEqual(found, expected);
  });
}
