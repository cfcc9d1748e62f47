import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { missingPrograms } from '../support/program.ts';
import type { RollingGatewaysResult } from './rolling-gateways-program.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('./rolling-gateways-program.ts', import.meta.url));
/** As where one gateway replaces another: see `rolling-restart.test.ts`. */
const NAMESPACE = `ip link set lo up && echo 1 >/proc/sys/net/ipv4/tcp_migrate_req && exec "$@"`;

const WAYS = [
  ['on one port', []],
  ['behind a balancer of connections', ['balanced']],
] as const;

for (const [where, args] of WAYS) {
  test(`row 64: of pushes without a pause none fails while three gateways ${where} are replaced`, {
    skip: missingPrograms(['redis-7', 'pushgateway-1.5']),
  }, async (t) => {
    const program = [process.execPath, PROGRAM, '9091', ...args];
    const { stdout } = await run('unshare', ['--net', 'sh', '-c', NAMESPACE, 'sh', ...program]);
    const { endings, longestMs, codes }: RollingGatewaysResult = JSON.parse(stdout);
    const pushes = endings['202'] ?? 0;
    t.diagnostic(`${pushes} pushes, the longest took ${longestMs.toFixed(0)} ms`);
    assert.deepEqual(endings, { 202: pushes });
    assert.ok(pushes > 400);
    assert.deepEqual(codes, [0, 0, 0]);
  });
}
