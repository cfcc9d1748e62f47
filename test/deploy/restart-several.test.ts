import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ROOT } from '../docs/markdown.ts';
import { createScratch } from '../support/scratch.ts';

const SCRIPT = `${ROOT}deploy/systemd/restart-several.sh`;

/** Five, six and seven run; six takes no pushes as long as it is asked twice at most. */
const SYSTEMCTL = `#!/bin/sh
echo "systemctl $*" >>"$CALLS"
[ "$1" = restart ] || for n in 5 6 7; do echo "pushwarden@$n.service loaded active running x"; done
`;
const CURL = `#!/bin/sh
echo "curl $5" >>"$CALLS"
[ "$(grep -c 9096 "$CALLS")" -gt 2 ] || [ "$5" != http://127.0.0.1:9096/-/ready ]
`;

async function run(args: readonly string[], tries: number) {
  await using scratch = await createScratch();
  const [calls] = await Promise.all([
    scratch.write('calls', ''),
    ...Object.entries({ systemctl: SYSTEMCTL, curl: CURL, sleep: '#!/bin/sh' }).map(
      async ([name, text]) => await chmod(await scratch.write(name, text), 0o755),
    ),
  ]);
  const PATH = `${scratch.path}:${process.env['PATH']}`;
  const env = { ...process.env, PATH, CALLS: calls, TRIES: String(tries) };
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT, ...args], { env, encoding: 'utf8' });
  const lines = (await readFile(calls, 'utf8')).trim().split('\n');
  return { status, stdout, stderr, lines: lines.filter((line) => !line.includes('list-units')) };
}

const READY = (n: number) => `curl http://127.0.0.1:909${n}/-/ready`;
const RESTART = (n: number) => `systemctl restart pushwarden@${n}`;

test('gateways that run are restarted each once the one before takes pushes', async () => {
  const { status, stdout, lines } = await run([], 60);
  assert.equal(status, 0);
  const six = [RESTART(6), READY(6), READY(6), READY(6)];
  assert.deepEqual(lines, [RESTART(5), READY(5), ...six, RESTART(7), READY(7)]);
  assert.match(stdout, /^(pushwarden@[567] takes pushes\n){3}$/);
});

test('one that takes no pushes ends it, and the others are left as they are', async () => {
  const { status, stderr, lines } = await run(['6', '7'], 2);
  assert.equal(status, 1);
  assert.match(stderr, /pushwarden@6 takes no pushes/);
  assert.deepEqual(lines, [RESTART(6), READY(6), READY(6)]);
});
