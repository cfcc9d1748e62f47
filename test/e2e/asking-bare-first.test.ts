import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { auditHere } from '../cli/audit/history.ts';
import { curl } from '../support/curl.ts';
import { startGateway } from '../support/gateway.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { basicCredential } from '../support/test-credential.ts';

/**
 * Clients that have a credential and ask without it first: while `anonymous` is there nobody asks
 * them for it, and they stay anonymous, as the audit log and its report say.
 */

const run = promisify(execFile);
const OWN = basicCredential('etl', 'correct-horse');

async function startStage(anonymous: string) {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRecordingUpstream());
  const scratch = stack.use(await createScratch());
  const gateway = stack.use(
    await startGateway({
      upstream: { url: upstream.url },
      anonymous,
      teams: {
        everybody: { mode: 'observe', jobs: ['nobody'], allow: ['push'] },
        etl: { mode: 'observe', jobs: ['etl'], allow: ['push'], credentials: [OWN.spec] },
      },
    }),
  );
  const body = await scratch.write('body', 'etl_rows 1\n');
  const target = `${gateway.url}/metrics/job/etl`;
  /** `audit report` of what was recorded, without its heading. */
  const report = async (...args: readonly string[]): Promise<string> => {
    const records = await gateway.auditRecords();
    const log = records.map(({ seq, time, event, ...rest }) =>
      JSON.stringify({ seq, time, event, ...rest }),
    );
    const file = await scratch.write('audit.jsonl', `${log.join('\n')}\n`);
    return (await auditHere('report', ...args, file)).split('\n').slice(1).join('\n');
  };
  const owned = stack.move();
  return { body, target, report, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const WGET = ['-q', '-O-', '--user=etl', '--password=correct-horse'];
type Stage = Awaited<ReturnType<typeof startStage>>;

const CLIENTS: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  wget: ({ body, target }) => run('wget', [...WGET, `--post-file=${body}`, target]),
  'curl --anyauth': ({ body, target }) =>
    curl(['--anyauth', '--user', 'etl:correct-horse', '--data-binary', `@${body}`, target]),
};
for (const [name, push] of Object.entries(CLIENTS)) {
  test(`${name} stays anonymous as long as somebody may, and the report shows it`, async () => {
    await using stage = await startStage('everybody');
    await push(stage);
    assert.match(await stage.report('--by', 'job', '--scheme', 'none'), /^etl +1 +0 +1 /);
    assert.match(await stage.report('--by', 'team'), /^everybody +1 +0 +1 .*job_not_allowed 1\n$/);
  });

  test(`${name} is its team once nobody is anonymous`, async () => {
    await using stage = await startStage('none');
    await push(stage);
    assert.match(await stage.report('--by', 'credential'), /^etl\/etl +1 +0 +0 /m);
  });
}

test('wget --auth-no-challenge is its team from the first request on', async () => {
  await using stage = await startStage('everybody');
  const { body, target } = stage;
  await run('wget', [...WGET, '--auth-no-challenge', `--post-file=${body}`, target]);
  assert.match(await stage.report('--by', 'credential'), /^etl\/etl +1 +0 +0 [^\n]*\n$/);
});

test('curl that sends its credential at once is its team', async () => {
  await using stage = await startStage('everybody');
  await curl(['--user', 'etl:correct-horse', '--data-binary', 'etl_rows 1\n', stage.target]);
  assert.match(await stage.report('--by', 'credential'), /^etl\/etl +1 +0 +0 [^\n]*\n$/);
});
