import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { checkExpired } from '../support/expiry-check.ts';
import { type GatewayDocument, startGateway, startGatewayProcess } from '../support/gateway.ts';
import { oneTeam, pushRows, TOKEN } from '../support/one-team.ts';
import { childrenOf } from '../support/processes.ts';
import { findProgram } from '../support/program.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

interface Rules {
  readonly jobs?: readonly string[];
  readonly ttl: unknown;
  readonly janitor?: object;
}

/** One team, whose groups have an end. */
function document(
  upstream: GatewayDocument['upstream'],
  { jobs = ['ci_*', 'kept'], ttl, janitor = {} }: Rules,
): GatewayDocument {
  const one = oneTeam(upstream);
  const [[team = '', rules] = []] = Object.entries(one.teams);
  const limits = { rate: '10000/s', burst: 10_000 };
  return {
    ...one,
    teams: { [team]: { ...Object(rules), jobs, group_ttl: ttl, limits } },
    janitor: { every: '200ms', rate: '100/s', ...janitor },
  };
}

async function expiredTotal(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const [, value] = /pushwarden_expired_groups_total\{team="payments"\} (\d+)/.exec(metrics) ?? [];
  return Number(value);
}

for (const version of PUSHGATEWAYS) {
  describe(`groups come to an end in Pushgateway ${version}`, {
    skip: pushgatewayMissing(version),
  }, () => {
    test('what is old goes, never pushed well or by others; what is pushed to stays', async () => {
      await using pushgateway = await startPushgateway({ version });
      const put = (path: string, body: string) =>
        fetch(`${pushgateway.url}/metrics/job/${path}`, { method: 'PUT', body });
      await put('nobody_s', 'old_rows 1\n');
      await put('kept', 'kept_rows 1\n');
      await put('ci_bad', '# TYPE kept_rows counter\nkept_rows 1\n'); // refused: never pushed well
      await put('ci_odd/branch@base64/YSBiL2M/empty@base64/=', 'odd_rows 1\n');
      assert.equal((await pushgateway.groups()).length, 4);
      const ttl = [
        { jobs: ['ci_*'], ttl: '3s' },
        { jobs: ['kept'], ttl: '1h' },
      ];
      await using gateway = await startGateway(document({ url: pushgateway.url }, { ttl }));
      assert.ok((await pushRows(gateway.url, 'ci_old')) < 300);

      const left = await eventually(
        'old groups are gone',
        async () => {
          assert.ok((await pushRows(gateway.url, 'ci_busy')) < 300);
          await put('ci_foreign', 'foreign_rows 1\n');
          const jobs = (await pushgateway.groups()).map(({ labels }) => labels['job']).sort();
          for (const job of ['ci_busy', 'ci_foreign']) assert.ok(jobs.includes(job), jobs.join());
          return jobs.length === 4 ? jobs : undefined;
        },
        30_000,
      );
      assert.deepEqual(left, ['ci_busy', 'ci_foreign', 'kept', 'nobody_s']);
      const expired = await eventually('their records', async () => {
        const found = checkExpired(await gateway.auditRecords(), 3000);
        return found.every(({ status }) => status === 202) ? found : undefined;
      });
      assert.deepEqual(expired.map(({ target }) => target).sort(), [
        '/metrics/job/ci_bad',
        '/metrics/job/ci_odd/branch@base64/YSBiL2M/empty@base64/=',
        '/metrics/job/ci_old',
      ]);
      assert.equal(await expiredTotal(gateway.adminUrl), 3);
    });

    test('the list of groups says when', async () => {
      await using pushgateway = await startPushgateway({ version });
      const ttl = [{ jobs: ['ci_*'], ttl: '1h' }];
      await using gateway = await startGateway(document({ url: pushgateway.url }, { ttl }));
      await pushRows(gateway.url, 'ci_a');
      await pushRows(gateway.url, 'kept');
      const { authorization } = TOKEN;
      const asked = [
        fetch(`${gateway.adminUrl}/-/groups`),
        fetch(`${gateway.url}/api/v1/groups`, { headers: { authorization } }),
      ];
      for (const answer of await Promise.all(asked)) {
        const { data } = JSON.parse(await answer.text());
        const expiries = data.map((group: Record<string, string>) => [
          group['job'],
          group['expires_at'] &&
            Date.parse(group['expires_at']) - Date.parse(group['pushed_at'] ?? ''),
        ]);
        assert.deepEqual(expiries.sort(), [
          ['ci_a', 3_600_000],
          ['kept', null],
        ]);
      }
      const env = { PUSHWARDEN_TOKEN: TOKEN.authorization.replace('Bearer ', '') };
      const { stdout } = await runCli(['groups', '--url', gateway.url], { env });
      assert.match(stdout, /^ci_a .*in 59m/m);
      assert.match(stdout, /^kept .*never/m);
    });

    test('by hand: a dry run, and a run', async () => {
      await using pushgateway = await startPushgateway({ version });
      const rules = { ttl: '1s', janitor: { every: '1h' } };
      await using gateway = await startGateway(document({ url: pushgateway.url }, rules));
      for (const job of ['ci_a', 'ci_b']) assert.ok((await pushRows(gateway.url, job)) < 300);
      const run = ['janitor', 'run', '--admin', gateway.adminUrl];
      const dry = await eventually('both are due', async () => {
        const found = await runCli([...run, '--dry-run']);
        return found.stdout.endsWith('2 due, nothing was deleted\n') ? found : undefined;
      });
      assert.equal(dry.status, 0);
      assert.match(
        dry.stdout,
        /^TARGET +TEAM +AGE +SERIES\n\/metrics\/job\/ci_a +payments +\d+s +1\n/,
      );
      assert.equal((await pushgateway.groups()).length, 2);
      assert.equal(await expiredTotal(gateway.adminUrl), 0);

      const wrong = `${gateway.adminUrl}/-/janitor?dryrun=true`;
      assert.equal((await fetch(wrong, { method: 'POST' })).status, 400);
      assert.equal((await pushgateway.groups()).length, 2);

      const { status, stdout } = await runCli([...run, '--output', 'json']);
      assert.equal(status, 0);
      const { groups, ...end } = JSON.parse(stdout);
      const counts = { due: 2, deleted: 2, kept: 0, refused: 0 };
      assert.deepEqual(end, { status: 'success', dry_run: false, ...counts });
      assert.deepEqual(groups.map(({ target }: { target: string }) => target).sort(), [
        '/metrics/job/ci_a',
        '/metrics/job/ci_b',
      ]);
      assert.deepEqual(await pushgateway.groups(), []);
      assert.equal(await expiredTotal(gateway.adminUrl), 2);

      await pushgateway.stop();
      await pushRows(gateway.url, 'ci_c');
      const none = await runCli(run);
      assert.deepEqual(
        [none.status, none.stdout],
        [0, '0 due, 0 deleted, 0 kept, 0 refused by Pushgateway\n'],
      );
    });

    test('in a dry run by configuration nothing goes, and each group counts once', async () => {
      await using pushgateway = await startPushgateway({ version });
      const rules = { ttl: '1s', janitor: { dry_run: true, every: '100ms' } };
      await using gateway = await startGateway(document({ url: pushgateway.url }, rules));
      for (const job of ['ci_a', 'ci_b']) await pushRows(gateway.url, job);
      await eventually('both count', async () => {
        return (await expiredTotal(gateway.adminUrl)) === 2 ? true : undefined;
      });
      const muzzled = await runCli(['janitor', 'run', '--admin', gateway.adminUrl]);
      assert.equal(muzzled.status, 1);
      assert.match(muzzled.stderr, /janitor\.dry_run is true/);
      await eventually('ten runs', async () => {
        const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
        const [, runs] =
          /periodic_work_duration_seconds_count\{work="janitor"\} (\d+)/.exec(metrics) ?? [];
        return Number(runs) > 10 ? true : undefined;
      });
      assert.equal(await expiredTotal(gateway.adminUrl), 2);
      assert.equal((await pushgateway.groups()).length, 2);
      const events = (await gateway.auditRecords()).map(({ event }) => event);
      assert.ok(!events.includes('expired'));
    });

    test('the upstream dies in the middle, and again: the rest goes when it is back', async () => {
      await using scratch = await createScratch();
      const args = [`--persistence.file=${scratch.path}/metrics`, '--persistence.interval=20ms'];
      const spawn = { command: findProgram(`pushgateway-${version}`), args };
      const rules = { ttl: '3s', janitor: { rate: '40/s' } };
      await using gateway = await startGatewayProcess(document({ spawn }, rules));
      const jobs = Array.from({ length: 120 }, (_, at) => `ci_${at}`);
      await Promise.all(jobs.map((job) => pushRows(gateway.url, job)));
      const left = async (): Promise<readonly string[]> => {
        const { data } = JSON.parse(await (await fetch(`${gateway.adminUrl}/-/groups`)).text());
        return data.map(({ job }: { job: string }) => job);
      };
      for (const most of [100, 60]) {
        await eventually(
          `fewer than ${most} are left`,
          async () => {
            await pushRows(gateway.url, 'ci_busy');
            const records = await gateway.auditRecords();
            const deleted = records.filter(({ event }) => event === 'expired').length;
            return deleted > 120 - most ? true : undefined;
          },
          30_000,
        );
        const [child] = await childrenOf(gateway.pid);
        assert.ok(child);
        process.kill(child, 'SIGKILL');
        await eventually(
          'another',
          async () => {
            return (await pushRows(gateway.url, 'ci_busy')) < 300 ? true : undefined;
          },
          30_000,
        );
      }
      await eventually(
        'all are gone but one',
        async () => {
          await pushRows(gateway.url, 'ci_busy');
          const found = await fetch(`${gateway.adminUrl}/-/groups`);
          if (found.status !== 200) return undefined;
          return (await left()).length === 1 ? true : undefined;
        },
        40_000,
      );
      assert.deepEqual(await left(), ['ci_busy']);
      const expired = checkExpired(await gateway.auditRecords(), 3000);
      const gone = new Set(
        expired.filter(({ status }) => status === 202).map(({ target }) => target),
      );
      assert.ok(gone.size >= 118, `${gone.size} were deleted`);
      assert.ok(!gone.has('/metrics/job/ci_busy'));
      assert.deepEqual(
        expired.filter(({ status }) => status === undefined),
        [],
      );
    });

    test('a gateway that stops between two groups leaves the rest to the next one', async () => {
      await using pushgateway = await startPushgateway({ version });
      const before = document({ url: pushgateway.url }, { ttl: '1s', janitor: { rate: '10/s' } });
      await using first = await startGatewayProcess(before);
      const jobs = Array.from({ length: 30 }, (_, at) => `ci_${at}`);
      await Promise.all(jobs.map((job) => pushRows(first.url, job)));
      await eventually('some are gone', async () => {
        return (await pushgateway.groups()).length < 28 ? true : undefined;
      });
      const { code } = await first.stop('SIGTERM');
      assert.equal(code, 0);
      const log = first.log.find((line) => line.includes('groups_expired'));
      assert.match(log ?? '', /the gateway stops/);
      const records = await first.auditRecords();
      assert.ok(!records.some(({ event }) => event === 'recovered'));
      const rest = (await pushgateway.groups()).length;
      assert.ok(rest > 5, `${rest} are left`);
      const expired = records.filter(({ event }) => event === 'expired').length;
      assert.equal(expired, 30 - rest);
      const after = document({ url: pushgateway.url }, { ttl: '1s', janitor: { rate: '100/s' } });
      await using second = await startGatewayProcess(after);
      await eventually('the rest is gone', async () => {
        return (await pushgateway.groups()).length === 0 ? true : undefined;
      });
      await eventually('the records', async () => {
        const found = checkExpired(await second.auditRecords(), 0);
        return found.length === rest && found.every(({ status }) => status === 202)
          ? true
          : undefined;
      });
    });
  });
}
