import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestTeams } from '../../../../src/core/audit/history/suggest-teams.ts';
import { TrafficProfiles } from '../../../../src/core/audit/history/traffic-profile.ts';
import { decision } from '../../../audit/chain-fixture.ts';

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

const cases = [
  ['numbered jobs are one team', numbers(1, 7).map((n) => `ci_${n}`), [['ci_*']]],
  ['a few are none', ['ci_1', 'ci_2'], [['ci_1'], ['ci_2']]],
  ['a date is one number', numbers(10, 16).map((n) => `backup-2026-11-${n}`), [['backup-*']]],
  ['what follows the number counts', numbers(1, 7).map((n) => `b${n}-linux`), [['b*-linux']]],
  [
    'numbered teams stay apart',
    ['team1', 'team2'].flatMap((team) => numbers(1, 7).map((n) => `${team}_job${n}`)),
    [['team1_job*'], ['team2_job*']],
  ],
] as const;
for (const [what, jobs, want] of cases) {
  test(`suggestTeams: ${what}`, () => {
    const profiles = new TrafficProfiles();
    const more = { scheme: 'none', series: 1, families: ['a'] } as const;
    for (const job of jobs) {
      profiles.add({
        ...decision(job, { ...more, job }),
        seq: 1,
        time: '2026-11-22T12:00:00.000Z',
      });
    }
    const teams = suggestTeams(profiles.teams).map(({ team }) => team['jobs']);
    assert.deepEqual(teams, want);
  });
}
