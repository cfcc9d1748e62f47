import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPath, renderProblem } from '../../../src/config/engine/problem.ts';

const PLACE = { file: 'a.yaml', line: 2, column: 7 };

test('renderProblem is FILE:LINE:COL: path: message', () => {
  const problem = { ...PLACE, path: 'teams.a', message: 'is required' };
  assert.equal(
    renderProblem({ ...problem, severity: 'error' }),
    'a.yaml:2:7: teams.a: is required',
  );
  assert.equal(
    renderProblem({ ...problem, severity: 'warning' }),
    'a.yaml:2:7: warning: teams.a: is required',
  );
});

test('renderProblem leaves the path of the whole file out', () => {
  const problem = { ...PLACE, path: '', message: 'the file is not UTF-8' };
  assert.equal(
    renderProblem({ ...problem, severity: 'error' }),
    'a.yaml:2:7: the file is not UTF-8',
  );
});

const paths = [
  [['teams', 'payments', 'jobs', 0], 'teams.payments.jobs[0]'],
  [['networks', 'ci', 10], 'networks.ci[10]'],
  [['teams', 'a b'], 'teams."a b"'],
  [['teams', ''], 'teams.""'],
  [['teams', 'a\n1:1: b'], 'teams."a\\u{a}1:1: b"'],
  [[], ''],
] as const;
for (const [path, expected] of paths) {
  test(`renderPath writes ${JSON.stringify(path)} on one line`, () => {
    assert.equal(renderPath(path), expected);
  });
}
