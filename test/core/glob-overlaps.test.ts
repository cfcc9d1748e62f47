import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { globsOverlap } from '../../src/core/glob-overlap.ts';
import { findGlobOverlaps, type PlacedGlob } from '../../src/core/glob-overlaps.ts';

const glob = fc.stringMatching(/^[ab*]{1,5}$/);

test('findGlobOverlaps finds what a comparison of every pair finds', () => {
  const lists = fc.array(fc.array(glob, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
  fc.assert(
    fc.property(lists, (owners) => {
      const globs = owners.flatMap((own, owner) =>
        own.map((one, index): PlacedGlob => ({ owner, index, glob: one })),
      );
      const found = [...findGlobOverlaps(globs)].flatMap(([later, overlaps]) =>
        overlaps.map(({ earlier }) => `${earlier.owner} ${later}`),
      );
      const expected = new Set(
        globs.flatMap((a) =>
          globs
            .filter((b) => a.owner < b.owner && globsOverlap(a.glob, b.glob))
            .map((b) => `${a.owner} ${b.owner}`),
        ),
      );
      assert.deepEqual(found.toSorted(), [...expected].sort());
    }),
  );
});

test('findGlobOverlaps does not compare every pair: 20 000 globs take a moment', () => {
  const globs = Array.from({ length: 20_000 }, (_, owner) => ({
    owner,
    index: 0,
    glob: owner % 2 === 0 ? `team-${owner}-*` : `team-${owner}`,
  }));
  const begin = process.cpuUsage();
  assert.equal([...findGlobOverlaps(globs).values()].flat().length, 0);
  assert.ok(process.cpuUsage(begin).user < 2_000_000, 'microseconds; every pair takes a minute');
});

test('findGlobOverlaps stops counting where everybody may have everything', () => {
  const globs = Array.from({ length: 2000 }, (_, owner) => ({ owner, index: 0, glob: '*' }));
  assert.equal(findGlobOverlaps(globs).get(1999)?.length, 100);
});
