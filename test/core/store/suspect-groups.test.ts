import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAccusedSeries } from '../../../src/core/store/accused-series.ts';
import { renderRawTarget } from '../../../src/core/store/raw-target.ts';
import { findSuspectGroups } from '../../../src/core/store/suspect-groups.ts';

/** As Pushgateway 1.5 and 1.11 write the same error. */
const ERRORS = {
  '1.5': String.raw`* collected metric "push_time_seconds" { label:<name:"a" value:"b" > label:<name:"instance" value:"" > label:<name:"job" value:"evil" > label:<name:"zone" value:"\377/\"a\n" > gauge:<value:1.7e+09 > } has a label named "zone" whose value is not utf8: "\xff"`,
  '1.11': String.raw`* collected metric "push_time_seconds" { label:{name:"a"  value:"b"}  label:{name:"instance"  value:""}  label:{name:"job"  value:"evil"}  label:{name:"zone"  value:"\xff/\"a\n"}  gauge:{value:0}} has a label named "zone" whose value is not utf8: "\xff"`,
};
const VALUE = Buffer.from([0xff, 0x2f, 0x22, 0x61, 0x0a]);
const LISTED = { job: 'evil', a: 'b', zone: VALUE.toString() };

for (const [version, error] of Object.entries(ERRORS)) {
  test(`the bytes of a label are read out of an error of Pushgateway ${version}`, () => {
    const [series] = readAccusedSeries(`2 error(s) occurred:\n${error}\n`);
    assert.equal(series?.family, 'push_time_seconds');
    assert.deepEqual(series.labels.get('zone'), VALUE);
    assert.match(series.problem, /^has a label named "zone"/);
  });

  test(`the group is named by a path that reaches it, Pushgateway ${version}`, () => {
    const listing = { data: [{ labels: LISTED, push_time_seconds: {} }, { labels: { job: 'a' } }] };
    const [suspect, ...others] = findSuspectGroups(listing, error);
    assert.deepEqual(others, []);
    assert.equal(
      suspect?.group,
      `/metrics/job@base64/ZXZpbA/a@base64/Yg/zone@base64/${VALUE.toString('base64url')}`,
    );
  });
}

test('a name that no path has as it is is escaped as Pushgateway reads it', () => {
  const key = new Map([
    ['job', Buffer.from('x')],
    ['__name__', Buffer.from('y')],
    ['b/c.d_e', Buffer.alloc(0)],
  ]);
  assert.equal(
    renderRawTarget(key),
    '/metrics/job@base64/eA/U______name____@base64/eQ/U__b_2f_c_2e_d__e@base64/=',
  );
});
