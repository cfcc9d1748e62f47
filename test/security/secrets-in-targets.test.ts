import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderRawTarget, renderSentence } from '../../src/core/request/raw-target.ts';
import { rawRequest, startStage } from '../faults/stage.ts';
import { exchange } from '../support/raw-http.ts';

/**
 * The attack: nobody has to attack. A client that was given `http://user:password@gateway/` as a
 * base URL and glues it to a path, or that speaks to the gateway as to a proxy, sends its password
 * in the request target. Only the plainest form was recognised: with a slash in the password, with
 * no scheme in front, or behind `#`, the audit log and the operational log kept it for years.
 */
const TARGETS = [
  ['//user:s3cret@h/', '//…@h/'],
  ['///user:s3cret@h/x', '///…@h/x'],
  ['/\\user:s3cret@h/', '/\\…@h/'],
  ['/%2fuser:s3cret@h/', '/…@h/'],
  ['http://user:s3cret@h/metrics/job/a', 'http://…@h/metrics/job/a'],
  ['http://user:a/s3cret@h/', 'http://…@h/'],
  ['http://user:a@s3cret@h/', 'http://…@h/'],
  ['http://user:a?s3cret@h/', 'http://…'],
  ['http://user:a#s3cret@h/', 'http://…'],
  ['http://s3cret@h/', 'http://…@h/'],
  ['http:\\\\user:s3cret@h/', 'http:\\\\…@h/'],
  ['http:/user:s3cret@h/', '…@h/'],
  ['user:s3cret@h:443', '…@h:443'],
  ['//user%3as3cret%40h/', '//…@h/'],
  ['/http://user:s3cret@h/metrics/job/a', '/…@h/metrics/job/a'],
  ['/metrics/job/a/http://user:s3cret@h/', '/…@h/'],
  ['/metrics/job@base64/a/http://user:s3cret@h/', '/…@h/'],
  ['/metrics/job/a#s3cret', '/metrics/job/a'],
  ['/metrics/job/a?token=s3cret', '/metrics/job/a'],
  ['/metrics/job/a#x?s3cret', '/metrics/job/a'],
  ['/metrics/job/a%3Ftoken=s3cret', '/metrics/job/a'],
  ['/metrics/job/a%253Ftoken=s3cret', '/metrics/job/a'],
  ['/metrics/job/a%23s3cret', '/metrics/job/a'],
  ['/metrics/job/a&token=s3cret', '/metrics/job/a'],
  ['/metrics/job/a;password=s3cret', '/metrics/job/a'],
  ['//user%253As3cret%2540h/', '//…@h/'],
  ['/metrics/job/a:b?c=s3cret@d', '/…'],
] as const;
for (const [target, shown] of TARGETS) {
  test(`${target} is shown as ${shown}`, () => {
    assert.equal(renderRawTarget(target, 256), shown);
  });
}

const HARMLESS = [
  '/metrics/job/a/instance/b',
  '/metrics/job@base64/YQ/path@base64/L3Zhcg',
  '/metrics/job/a/instance/10.0.0.1:9100',
  '/metrics/job/a/mail/me@example.com',
  '/metrics/job/a:b/path@base64/L3Zhcg',
  '/metrics/job/a;b&c/x/a%20b',
] as const;
for (const target of HARMLESS) {
  test(`${target} is shown as it is`, () => assert.equal(renderRawTarget(target, 256), target));
}

test('a target of any length is looked through in no time', () => {
  for (const part of ['%25', '%2525', ';a', '@', ':', '/a@base64', 'a', '%40', '/', '\\']) {
    const begin = process.cpuUsage();
    renderRawTarget(`/metrics/job/${part.repeat(65_536)}`, 256);
    assert.ok(process.cpuUsage(begin).user < 500_000, part);
  }
});

test('a sentence that quotes a target is shown without the password in it', () => {
  const quoted = 'the label name "http:user:s3cret@h" is not valid; write x@base64/YQ';
  assert.equal(renderSentence(quoted, 200), 'the label name "…@h" is not valid; write x@base64/YQ');
});

test('a client that names itself by a URL is shown without the password in it', () => {
  for (const [agent, shown] of [
    ['probe/1 (+http://user:s3cret@h/x)', 'probe/1 …@h/x)'],
    ['java http%253A%252F%252Fuser%253As3cret%2540h', 'java …@h'],
    ['python-requests/2.31 user:s3cret@h:80', 'python-requests/2.31 …@h:80'],
    ['npm/@scope/x@1.2 (a: b)', 'npm/@scope/x@1.2 (a: b)'],
  ] as const) {
    assert.equal(renderSentence(agent, 256), shown);
  }
});

test('a sentence of any length is looked through in no time', () => {
  for (const part of [':', ':a', '%3a', '%25', '@', ':@', '@base64', '"', ' :']) {
    const begin = process.cpuUsage();
    renderSentence(part.repeat(65_536), 256);
    assert.ok(process.cpuUsage(begin).user < 50_000, part);
  }
});

test('no form of it reaches the audit log of a gateway', async () => {
  await using stage = await startStage();
  const { port } = stage.gateway;
  const targets = TARGETS.map(([target]) => target).filter((target) => !/^http:\\/.test(target));
  // with a credential these are jobs, whose names are recorded
  const isJob = (target: string): boolean => /[;&]|%23|%(?:25)?3f/i.test(target);
  for (const target of targets) {
    if (!isJob(target)) await exchange({ port, send: rawRequest(`PUT ${target}`) });
    await exchange({
      port,
      send: `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    });
    const agent = `User-Agent: x http://user:s3cret@h/\r\n`;
    await exchange({
      port,
      send: `GET /metrics HTTP/1.1\r\nHost: h\r\n${agent}Connection: close\r\n\r\n`,
    });
    await exchange({ port, send: `CONNECT ${target} HTTP/1.1\r\nHost: h\r\n\r\n` });
  }
  const records = await stage.gateway.auditRecords();
  assert.ok(records.length >= targets.length);
  assert.doesNotMatch(JSON.stringify(records), /s3cret/);
});
