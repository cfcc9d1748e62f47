import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../../src/config/checks.ts';
import { configSchema } from '../../../src/config/schema.ts';

const URL = 'http://127.0.0.1:9092';

/** What the check finds, as `path severity: message`. */
function findIn(document: object): readonly string[] {
  const config = configSchema.parse({ upstream: { url: URL }, teams: {}, ...document });
  return checkConfig(config, 0)
    .filter(({ path }) => path[0] !== 'teams')
    .map(({ path, severity, message }) => `${path.join('.')} ${severity}: ${message}`);
}

const EXPOSED =
  'listen warning: is reachable from outside without tls: credentials cross the network in clear';
const OPEN_ADMIN = 'admin.listen warning: is reachable from outside and asks for no credential';
const SAME = 'admin.listen error: is the address of the public side too';
const tls = { cert_file: 'tls.crt', key_file: 'tls.key' };

const listeners = [
  [{}, []],
  [{ listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' } }, []],
  [{ listen: 'localhost:9091' }, []],
  [{ listen: '127.9.9.9:9091' }, []],
  [{ listen: '[::1]:9091' }, []],
  [{ listen: '0.0.0.0:9091' }, [EXPOSED]],
  [{ listen: ':9091' }, [EXPOSED]],
  [{ listen: '[::]:9091' }, [EXPOSED]],
  [{ listen: 'gateway.internal:9091' }, [EXPOSED]],
  [{ listen: '0.0.0.0:9091', tls }, []],
  [{ admin: { listen: '10.0.0.1:9095' } }, [OPEN_ADMIN]],
  [{ admin: { listen: 'off' } }, []],
  [{ listen: '127.0.0.1:9095' }, [SAME]],
  [{ listen: ':9095', tls }, [SAME]],
  [{ listen: '127.0.0.2:9095' }, []],
  [{ listen: '127.0.0.1:70000' }, ['listen error: there is no port 70000']],
  [{ listen: '127.0.0.256:9091', tls }, ['listen error: 127.0.0.256 is not an IP address']],
] as const;
for (const [document, expected] of listeners) {
  test(`the check judges the listeners ${JSON.stringify(document)}`, () => {
    assert.deepEqual(findIn(document), expected);
  });
}

const NO_URL = 'is not a URL, such as http://127.0.0.1:9092';
const NO_CREDENTIAL = 'must not hold a credential: use upstream.basic_auth';
const NO_QUERY = 'must have no query and no fragment';
const urls = [
  [URL, undefined],
  ['https://pushgateway.internal/prefix/', undefined],
  ['http://[::1]:9092', undefined],
  ['127.0.0.1:9092', NO_URL],
  ['http:///9092', NO_URL],
  ['http://a b/', NO_URL],
  [' http://a/', NO_URL],
  ['http:\\\\a/', NO_URL],
  ['ftp://127.0.0.1/', 'must begin with http or https'],
  ['http://gw:secret@127.0.0.1:9092', NO_CREDENTIAL],
  ['http://gw@127.0.0.1:9092', NO_CREDENTIAL],
  ['http://127.0.0.1:9092/?', NO_QUERY],
  ['http://127.0.0.1:9092/?a=b', NO_QUERY],
  ['http://127.0.0.1:9092/#', NO_QUERY],
] as const;
for (const [url, message] of urls) {
  test(`the check judges the upstream "${url}"`, () => {
    const expected = message === undefined ? [] : [`upstream.url error: ${message}`];
    assert.deepEqual(findIn({ upstream: { url } }), expected);
  });
}

test('the check wants a URL or a program, and not both', () => {
  const spawn = { command: 'pushgateway' };
  const message = 'upstream error: needs one of url, urls and spawn';
  assert.deepEqual(findIn({ upstream: { spawn } }), []);
  assert.deepEqual(findIn({ upstream: { spawn, url: URL } }), [message]);
  assert.deepEqual(findIn({ upstream: {} }), [message]);
});
