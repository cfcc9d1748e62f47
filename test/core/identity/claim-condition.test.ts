import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compileClaimConditions,
  parseClaimPath,
} from '../../../src/core/identity/claim-condition.ts';

const CLAIMS = {
  sub: 'repo:acme@123/billing@456:ref:refs/heads/main',
  repository_id: '456',
  repository_owner_id: 123,
  ref: 'refs/heads/main',
  ref_protected: 'true',
  fork: false,
  ratio: 1.5,
  huge: Number('9007199254740993'),
  nothing: null,
  empty: '',
  groups: ['dev', 'ops', 7, ['nested']],
  'kubernetes.io': {
    namespace: 'billing',
    serviceaccount: { name: 'nightly', uid: 'a/b~c' },
    list: [{ name: 'first' }, 'second'],
  },
  'oidc.circleci.com/project-id': 'c0ffee',
  '/odd': 'slash',
  '~': 'tilde',
};

const HOLD: readonly (readonly [claim: string, ...patterns: string[]])[] = [
  ['repository_id', '456'],
  ['repository_id', '4*'],
  ['repository_id', '1', '456'],
  ['repository_owner_id', '123'],
  ['ref', 'refs/heads/*'],
  ['sub', 'repo:acme@123/*:ref:refs/heads/main'],
  ['ref_protected', 'true'],
  ['fork', 'false'],
  ['ratio', '1.5'],
  ['empty', ''],
  ['empty', '*'],
  ['groups', 'ops'],
  ['groups', '7'],
  ['groups', 'none', 'd*'],
  ['/kubernetes.io/namespace', 'billing'],
  ['/kubernetes.io/serviceaccount/name', 'nightly'],
  ['/kubernetes.io/list/0/name', 'first'],
  ['/kubernetes.io/list/1', 'second'],
  ['/kubernetes.io/list', 'second'],
  ['oidc.circleci.com/project-id', 'c0ffee'],
  ['/oidc.circleci.com~1project-id', 'c0ffee'],
  ['/~1odd', 'slash'],
  ['/~0', 'tilde'],
];
for (const [claim, ...patterns] of HOLD) {
  test(`the condition ${claim}: ${patterns.join(', ')} holds`, () => {
    assert.equal(compileClaimConditions([{ claim, patterns }])(CLAIMS), undefined);
  });
}

const FAIL: readonly (readonly [claim: string, pattern: string, why: string])[] = [
  ['missing', '*', 'there is no claim "missing"'],
  ['ref', 'refs/heads/dev', 'claim "ref" is "refs/heads/main", not "refs/heads/dev"'],
  ['ref', 'REFS/*', 'claim "ref" is "refs/heads/main", not "REFS/*"'],
  ['ref', 'heads', 'claim "ref" is "refs/heads/main", not "heads"'],
  ['repository_id', '45', 'claim "repository_id" is "456", not "45"'],
  ['repository_id', '4.6', 'claim "repository_id" is "456", not "4.6"'],
  ['nothing', '*', 'claim "nothing" is null, not "*"'],
  ['huge', '*', 'claim "huge" is 9007199254740992, not "*"'],
  ['groups', 'nested', 'claim "groups" is ["dev","ops",7,["nested"]], not "nested"'],
  ['groups', 'dev,ops', 'claim "groups" is ["dev","ops",7,["nested"]], not "dev,ops"'],
  ['kubernetes.io.namespace', 'billing', 'there is no claim "kubernetes.io.namespace"'],
  ['kubernetes.io/namespace', 'billing', 'there is no claim "kubernetes.io/namespace"'],
  ['/ref/0', 'r', 'there is no claim "/ref/0"'],
  ['/ref/length', '15', 'there is no claim "/ref/length"'],
  ['/groups/length', '4', 'there is no claim "/groups/length"'],
  ['/groups/00', 'dev', 'there is no claim "/groups/00"'],
  ['/groups/-', '*', 'there is no claim "/groups/-"'],
  ['/groups/9', '*', 'there is no claim "/groups/9"'],
  ['/nothing/x', '*', 'there is no claim "/nothing/x"'],
  ['__proto__', '*', 'there is no claim "__proto__"'],
  ['/constructor/name', '*', 'there is no claim "/constructor/name"'],
  ['toString', '*', 'there is no claim "toString"'],
];
for (const [claim, pattern, why] of FAIL) {
  test(`the condition ${claim}: ${pattern} fails and says why`, () => {
    assert.equal(compileClaimConditions([{ claim, patterns: [pattern] }])(CLAIMS), why);
  });
}

test('of several conditions all must hold, and the first that fails is told', () => {
  const conditions = compileClaimConditions([
    { claim: 'repository_id', patterns: ['456'] },
    { claim: 'ref', patterns: ['refs/tags/*', 'refs/heads/release-*'] },
    { claim: 'sub', patterns: ['nobody'] },
  ]);
  assert.equal(
    conditions(CLAIMS),
    'claim "ref" is "refs/heads/main", not "refs/tags/*" or "refs/heads/release-*"',
  );
});

test('a condition shows a hostile claim on one short line', () => {
  const test = compileClaimConditions([{ claim: 'ref', patterns: ['main'] }]);
  const why = test({ ref: `a\nb\u202e${'x'.repeat(10_000)}` }) ?? assert.fail();
  assert.doesNotMatch(why, /[\n\u202e]/);
  assert.ok(why.length < 200);
});

const PATHS: readonly (readonly [claim: string, path: readonly string[] | undefined])[] = [
  ['ref', ['ref']],
  ['a/b', ['a/b']],
  ['/a/b', ['a', 'b']],
  ['/a//b', ['a', '', 'b']],
  ['/', ['']],
  ['/~01', ['~1']],
  ['', undefined],
  ['/~2', undefined],
  ['/a~', undefined],
];
for (const [claim, path] of PATHS) {
  test(`the claim ${JSON.stringify(claim)} is at ${JSON.stringify(path)}`, () => {
    assert.deepEqual(parseClaimPath(claim), path);
  });
}

test('a claim that is no JSON pointer does not compile', () => {
  const compile = () => compileClaimConditions([{ claim: '/~2', patterns: ['*'] }]);
  assert.throws(compile, { name: 'TypeError', message: '/~2 is not a JSON pointer' });
});
