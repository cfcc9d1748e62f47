import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainDecision } from '../../src/cli/explanation.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseIpAddress } from '../../src/core/network/ip-address.ts';
import { compilePolicy } from '../../src/core/policy/policy.ts';
import type { TeamSpec } from '../../src/core/policy/policy-spec.ts';
import { runAdmission } from '../support/admission-stage.ts';
import { createScratch } from '../support/scratch.ts';
import { teamSpec } from '../support/team-spec.ts';

/** `explain` and `admit` come to the same end, whatever is wrong, and however much of it. */

const FAULTS: readonly Partial<TeamSpec>[] = [
  { allow: ['delete', 'read'] },
  { jobs: ['other'] },
  { allowNetworks: [] },
  { labels: { env: ['prod'] } },
  { requireLabels: ['instance'] },
  { limits: { ...teamSpec().limits, labels: 1 } },
];
const SETS = Array.from({ length: 2 ** FAULTS.length }, (_, bits) =>
  FAULTS.filter((_, index) => bits & (1 << index)),
);
const REQUESTS = [
  ['PUT', '/metrics/job/batch/env/dev'],
  ['DELETE', '/metrics/job/batch/env/dev'],
  ['GET', '/metrics'],
  ['PUT', '/metrics/job/batch/env/dev/'],
  ['PATCH', '/metrics/job/batch'],
  ['GET', '/-/quit'],
] as const;

test('explain comes to the same end as admit', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write(
    'c.yaml',
    'upstream: { url: "http://127.0.0.1:1" }\nteams: {}\n',
  );
  const loaded = await loadConfig(file, { now: 0, readsSecrets: false });
  assert.ok(loaded.ok);
  const from = parseIpAddress('10.1.2.3');
  const ends = new Set<string>();
  for (const [method, rawTarget] of REQUESTS) {
    for (const faults of SETS) {
      const change = Object.assign({}, ...faults);
      const rawHeaders = method === 'GET' ? [['Host', 'h'] as const] : undefined;
      const { decision } = await runAdmission({
        method,
        rawTarget,
        ...(rawHeaders && { rawHeaders }),
        team: { allow: ['push', 'delete', 'read'], ...change },
        ...(change.limits && { limits: change.limits }),
      });
      const spec = teamSpec({ allow: ['push', 'delete', 'read'], ...change });
      const team = compilePolicy([spec]).team(spec.name);
      assert.ok(team);
      const explained = explainDecision({ team, method, rawTarget, from }, loaded.config);
      const reason = decision.effect === 'deny' ? decision.reason : 'ok';
      assert.equal(explained.reason, reason, `${method} ${rawTarget} ${JSON.stringify(change)}`);
      ends.add(reason);
    }
  }
  assert.ok(ends.size >= 9);
});
