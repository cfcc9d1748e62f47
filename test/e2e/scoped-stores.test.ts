import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import { startGateway } from '../support/gateway.ts';
import { PUSHGATEWAYS, pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { tokenCredential } from '../support/test-credential.ts';

/** Random stores of two teams: each reads all that it pushed, and no byte of the other. */

const RUNS = 8;
const TEAMS = { alder: tokenCredential('alder'), birch: tokenCredential('birch') };
type Team = keyof typeof TEAMS;
const OTHER = { alder: 'birch', birch: 'alder' } as const satisfies Record<Team, Team>;

/** What every series has, and every help of a family that one team alone has. */
const secretOf = (team: Team): string => `secret-of-${team}`;

interface PushedSeries {
  readonly name: 'rows' | 'own';
  readonly value: string;
  readonly isLast: boolean;
}

interface PushedGroup {
  readonly team: Team;
  readonly job: number;
  readonly instance: string | undefined;
  readonly series: readonly PushedSeries[];
}

const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const hostile = fc.oneof(
  text,
  fc.constantFrom(
    ...['"', '\\', '\n', '\\"', '},{', ']}', '# HELP rows x\n', 'own"} 1\n{job="alder_1'],
    ...['",job="alder_1', '\\",job=\\"birch_1', '{"labels":{"job":"birch_1"}}', 'job="birch_1"'],
  ),
);
const series: fc.Arbitrary<PushedSeries> = fc.record({
  name: fc.constantFrom('rows', 'own'),
  value: hostile,
  isLast: fc.boolean(),
});
const group: fc.Arbitrary<PushedGroup> = fc.record({
  team: fc.constantFrom('alder', 'birch'),
  job: fc.nat(3),
  instance: fc
    .option(fc.stringMatching(/^[a-z"\\{},= é]{1,8}$/), { nil: undefined })
    .map((name) => name?.trim() || undefined),
  series: fc.uniqueArray(series, {
    minLength: 1,
    maxLength: 4,
    selector: ({ name, value }) => `${name} ${value}`,
  }),
});
const store = fc.uniqueArray(group, { minLength: 1, maxLength: 12, selector: pathOf });

const READS = [
  ['/metrics', 'text/plain'],
  ['/metrics', 'text/plain;version=1.0.0;escaping=allow-utf-8'],
  ['/metrics', CONTENT_TYPES.protobuf],
  ['/api/v1/metrics', 'application/json'],
  ['/api/v1/groups', 'application/json'],
] as const;

for (const version of PUSHGATEWAYS) {
  describe(`random stores, Pushgateway ${version}`, { skip: pushgatewayMissing(version) }, () => {
    test('each team reads its own, and no byte of the other', async () => {
      await using pushgateway = await startPushgateway({ version });
      const team = (name: Team) => ({
        jobs: [`${name}_*`],
        allow: ['push', 'read', 'delete'],
        limits: { rate: '10000/s', burst: 10_000 },
        credentials: [TEAMS[name].spec],
      });
      await using gateway = await startGateway({
        upstream: { url: pushgateway.url },
        teams: { alder: team('alder'), birch: team('birch') },
      });
      const ask = async (name: Team, method: string, path: string, more: RequestInit = {}) => {
        const headers = { authorization: TEAMS[name].authorization, ...more.headers };
        const answer = await fetch(gateway.url + path, { ...more, method, headers });
        const body = Buffer.from(await answer.arrayBuffer()).toString('utf8');
        assert.ok(answer.ok, `${method} ${path}: ${body}`);
        return body;
      };
      const checkReads = async (name: Team, pushed: readonly PushedGroup[]): Promise<void> => {
        const own = pushed.flatMap((one) => one.series).length;
        for (const [path, accept] of READS) {
          const what = `${name}: ${path} as ${accept}`;
          const body = await ask(name, 'GET', path, { headers: { accept } });
          assert.ok(!body.includes(secretOf(OTHER[name])), what);
          const isListing = path === '/api/v1/groups';
          if (isListing) assert.equal(JSON.parse(body).data.length, pushed.length);
          else assert.equal(countSeries(body, name), own, what);
        }
      };
      const check = async (groups: readonly PushedGroup[]): Promise<void> => {
        for (const one of groups) {
          await ask(one.team, 'PUT', pathOf(one), { body: renderBody(one) });
        }
        for (const name of ['alder', 'birch'] as const) {
          const pushed = groups.filter(({ team: of }) => of === name);
          await checkReads(name, pushed);
        }
        for (const one of groups) await ask(one.team, 'DELETE', pathOf(one));
      };
      await fc.assert(fc.asyncProperty(store, check), { numRuns: RUNS });
    });
  });
}

function pathOf({ team, job, instance }: PushedGroup): string {
  const base = `/metrics/job/${team}_${job}`;
  if (instance === undefined) return base;
  return `${base}/instance@base64/${Buffer.from(instance).toString('base64url')}`;
}

function renderBody({ team, series: pushed }: PushedGroup): string {
  const families = Object.groupBy(pushed, ({ name }) => name);
  return Object.entries(families)
    .map(([name, all = []]) => {
      const family = name === 'own' ? `${team}_own` : name;
      const help = name === 'own' ? `# HELP ${family} help ${secretOf(team)}\n` : '';
      const lines = all.map(({ value, isLast }) => {
        const labels = [`x="${escapeText(value)}"`, `secret="${secretOf(team)}"`];
        return `${family}{${(isLast ? labels : labels.toReversed()).join(',')}} 1\n`;
      });
      return `${help}# TYPE ${family} gauge\n${lines.join('')}`;
    })
    .join('');
}

/** Each of its series has its secret once, and its helps have it too. */
function countSeries(body: string, team: Team): number {
  const secrets = body.split(secretOf(team)).length;
  return secrets - body.split(`help ${secretOf(team)}`).length;
}

function escapeText(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
