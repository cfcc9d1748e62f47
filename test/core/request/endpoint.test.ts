import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseEndpoint,
  parseHealthEndpoint,
  withoutQuery,
} from '../../../src/core/request/endpoint.ts';
import { allowed, denied } from '../../support/decision.ts';

const READS = [
  ['/metrics', '/metrics'],
  ['/metrics?name[]=up', '/metrics'],
  ['/metrics?', '/metrics'],
  ['/api/v1/metrics', '/api/v1/metrics'],
  ['/api/v1/status', '/api/v1/status'],
] as const;
for (const [target, path] of READS) {
  test(`parseEndpoint takes GET ${target} for a read of ${path}`, () => {
    const endpoint = allowed(parseEndpoint('GET', target));
    assert.deepEqual(endpoint, { kind: 'read', action: 'read', path });
  });
}

const PUSH_TARGETS = [
  '/metrics/job/a',
  '/metrics/job/a/instance/i',
  '/metrics/job@base64/YQ',
  '/metrics/%6Aob/a',
  '/%6Detrics/job/a',
  '/metrics/job%40base64/YQ',
  '/metrics%2Fjob%2Fa',
  '/metrics/job',
  '/metrics/job/',
  '/metrics/job?x',
  '/metrics//job//a',
  '//metrics/job/a',
];
const ACTIONS = [
  ['POST', 'push'],
  ['PUT', 'push'],
  ['DELETE', 'delete'],
] as const;
for (const target of PUSH_TARGETS) {
  for (const [method, action] of ACTIONS) {
    test(`parseEndpoint takes ${method} ${target} for a ${action}, sound or not`, () => {
      assert.deepEqual(allowed(parseEndpoint(method, target)), { kind: 'push', action });
    });
  }
}

const OTHER_METHODS = [
  'HEAD',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'put',
  'Post',
  '',
];
for (const method of [...OTHER_METHODS, 'GET']) {
  test(`parseEndpoint refuses ${JSON.stringify(method)} on a push path and names the methods`, () => {
    const refusal = denied(parseEndpoint(method, '/metrics/job/a'));
    assert.equal(refusal.reason, 'method_not_allowed');
    assert.deepEqual(refusal.allowedMethods, ['POST', 'PUT', 'DELETE']);
    assert.equal(refusal.detail, 'this path takes POST, PUT, DELETE');
  });
}

test('parseEndpoint says where to read what a GET of a push path is meant to show', () => {
  const [hint] = denied(parseEndpoint('GET', '/metrics/job/a')).hints ?? [];
  assert.equal(hint, 'to see what is stored: GET /metrics, or group by group GET /api/v1/groups');
  assert.deepEqual(denied(parseEndpoint('PATCH', '/metrics/job/a')).hints, []);
});

for (const method of [...OTHER_METHODS, 'POST', 'PUT', 'DELETE']) {
  test(`parseEndpoint refuses ${JSON.stringify(method)} on a read path and names GET`, () => {
    const refusal = denied(parseEndpoint(method, '/metrics'));
    assert.deepEqual([refusal.reason, refusal.allowedMethods], ['method_not_allowed', ['GET']]);
  });
}

const UNKNOWN = [
  '/',
  '/?x',
  '/metrics/',
  '/Metrics',
  '/Metrics/job/a',
  '/metrics/Job/a',
  '/metrics/jobs/a',
  '/metrics/jobx',
  '/metrics/job@base64x/a',
  '/%6Detrics',
  '/metrics%3F',
  '/api/v1/Metrics',
  '/api/v1/metrics/',
  '/api/v1/admin/wipe',
  '/api/v1/admin%2Fwipe',
  '/-/quit',
  '/-/%71uit',
  '/-/reload',
  '/debug/pprof/cmdline',
  '/static/x',
  '/status',
  '/pg/metrics/job/a',
  '/../metrics/job/a',
  '/./metrics/job/a',
  '/%2e/metrics/job/a',
  '/%252Fmetrics/job/a',
  '/metrics%252Fjob/a',
];
for (const target of UNKNOWN) {
  for (const method of ['GET', 'PUT', 'OPTIONS']) {
    test(`parseEndpoint knows no ${method} ${target}`, () => {
      assert.equal(denied(parseEndpoint(method, target)).reason, 'endpoint_not_found');
    });
  }
}

for (const target of ['*', '', 'http://h/metrics', 'http://h/metrics/job/a', 'h:80', 'metrics']) {
  test(`parseEndpoint refuses ${JSON.stringify(target)}, which is no path`, () => {
    assert.equal(denied(parseEndpoint('GET', target)).reason, 'target_invalid');
  });
}

const HEALTH = [
  ['GET', '/-/healthy', '/-/healthy'],
  ['HEAD', '/-/healthy', '/-/healthy'],
  ['GET', '/-/ready', '/-/ready'],
  ['HEAD', '/-/ready?x=1', '/-/ready'],
] as const;
for (const [method, target, path] of HEALTH) {
  test(`parseHealthEndpoint takes ${method} ${target} for ${path}`, () => {
    const decision = parseHealthEndpoint(method, target);
    assert.ok(decision);
    assert.equal(allowed(decision), path);
  });
}

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get']) {
  test(`parseHealthEndpoint refuses ${method} and names GET and HEAD`, () => {
    const decision = parseHealthEndpoint(method, '/-/ready');
    assert.ok(decision);
    const { reason, allowedMethods } = denied(decision);
    assert.deepEqual([reason, allowedMethods], ['method_not_allowed', ['GET', 'HEAD']]);
  });
}

for (const target of ['/-/Ready', '/-/ready/', '/-/%72eady', '//-/ready', '/metrics', '*', '']) {
  test(`parseHealthEndpoint does not know ${JSON.stringify(target)}`, () => {
    assert.equal(parseHealthEndpoint('GET', target), undefined);
  });
}

const QUERIES = [
  ['/a', '/a'],
  ['/a?', '/a'],
  ['/a?b?c', '/a'],
  ['?a', ''],
  ['/a%3Fb', '/a%3Fb'],
] as const;
for (const [target, path] of QUERIES) {
  test(`withoutQuery cuts ${target} to ${JSON.stringify(path)}`, () => {
    assert.equal(withoutQuery(target), path);
  });
}
