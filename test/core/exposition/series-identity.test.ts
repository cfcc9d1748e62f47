import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  forgetSeries,
  identifySeries,
  type SeriesIdentities,
} from '../../../src/core/exposition/series-identity.ts';
import { layOutSeries } from '../../../src/core/exposition/series-layout.ts';
import { writeText } from '../../../src/core/exposition/series-writer.ts';
import type { GroupingKey } from '../../../src/core/target/grouping-key.ts';
import { createRandom } from '../../fuzz/random.ts';
import { seriesHash } from '../../support/hash-collision.ts';

const KEYS = [
  undefined,
  { job: 'nightly', labels: [] },
  { job: 'nightly', labels: [{ name: 'b', value: 'of the key' }] },
  { job: 'ein Grüß', labels: [{ name: 'instance', value: 'x' }] },
] as const;
const NAMES = [['l'], ['a', 'z'], ['m', 'instance'], ['ü', 'c', 'l']] as const;
const PLAIN = ['x', 'y'] as const;
const VALUES = ['', 'é', '日本', '\ud83d\ude00', 'v'.repeat(9), 'v'.repeat(90_000), '1"2'] as const;
const NO_LABELS = layOutSeries([], [], undefined);

type Labels = Readonly<Record<string, string>>;

function hashes(name: string, labels: Labels): readonly bigint[] {
  const isDropped = (label: string, value: string) => value === '' && label !== 'instance';
  const kept = Object.entries(labels).filter(([label, value]) => !isDropped(label, value));
  const all = seriesHash(name, labels);
  return kept.length < Object.keys(labels).length
    ? [all, seriesHash(name, Object.fromEntries(kept))]
    : [all];
}

test('series are identified as Pushgateway hashes them, whatever stood before', () => {
  const random = createRandom(11);
  for (let body = 0; body < 150; body += 1) {
    const key = random.pick(KEYS);
    const ofKey = key === undefined ? {} : labelsOf(key);
    const names = random.pick<readonly string[]>(NAMES).filter((name) => !(name in ofKey));
    const positions = names.map((_, position) => position);
    const layout = layOutSeries(names, positions, key);
    const added = key === undefined || names.includes('instance') ? {} : { instance: '' };
    for (let line = 0; line < 12; line += 1) {
      const name = random.pick(['up', 'requests_total']);
      const values = names.map(() => random.pick(random.chance(80) ? PLAIN : VALUES));
      const own = Object.fromEntries(names.map((label, index) => [label, values[index] ?? '']));
      const expected = hashes(name, { ...added, ...ofKey, ...own });
      const identities: SeriesIdentities = [];
      identifySeries(name, layout, (position) => writeText(values[position] ?? ''), identities);
      assert.deepEqual(readHashes(identities), expected, `${name} ${JSON.stringify(own)}`);
      if (random.chance(10)) identifySeries('other', NO_LABELS, () => {}, []);
      if (random.chance(10)) forgetSeries();
    }
  }
});

function labelsOf({ job, labels }: GroupingKey): Labels {
  return { job, ...Object.fromEntries(labels.map(({ name, value }) => [name, value])) };
}

function readHashes(identities: SeriesIdentities): readonly bigint[] {
  const read = [];
  for (let at = 0; at < identities.length; at += 2) {
    const [high = 0, low = 0] = identities.slice(at, at + 2);
    read.push((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  }
  return read;
}
