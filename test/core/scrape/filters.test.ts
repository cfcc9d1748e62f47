import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ReadScope } from '../../../src/core/policy/read-scope.ts';
import { createListingFilter } from '../../../src/core/scrape/listing-filter.ts';
import { createProtobufFilter } from '../../../src/core/scrape/protobuf-filter.ts';
import type { Keep, ScrapeFilter } from '../../../src/core/scrape/scrape-filter.ts';
import { createTextFilter } from '../../../src/core/scrape/text-filter.ts';
import { delimited, double, integer, prefixed } from '../../support/protobuf.ts';

/** Own is what has the job "own". */
const SCOPE: ReadScope = {
  seesEverything: false,
  deciding: ['job'],
  sees: (labels) => labels.get('job') === 'own',
};

/** Runs a stream through a filter in pieces; undefined if it was refused. */
function run(filter: ScrapeFilter, stream: Buffer, size = stream.length): Buffer | undefined {
  const kept: Buffer[] = [];
  const keep: Keep = (bytes, start, end) => kept.push(Buffer.from(bytes.subarray(start, end)));
  for (let at = 0; at < stream.length; at += Math.max(1, size)) {
    const piece = Buffer.from(stream.subarray(at, at + Math.max(1, size)));
    if (filter.add(piece, keep).effect === 'deny') return undefined;
    piece.fill('#'); // nothing of it may be held
  }
  return filter.end(keep).effect === 'deny' ? undefined : Buffer.concat(kept);
}

const filterText = (text: string, size?: number) =>
  run(createTextFilter(SCOPE), Buffer.from(text), size)?.toString();
const filterListing = (text: string, size?: number) =>
  run(createListingFilter(SCOPE), Buffer.from(text), size)?.toString();

describe('the filter of the text format', () => {
  const cases = [
    ['a{job="own"} 1\n', 'a{job="own"} 1\n'],
    ['a{job="other"} 1\n', ''],
    ['a 1\n', ''],
    ['# HELP a Help.\n# TYPE a gauge\na{job="other"} 1\na{job="own"} 2\na{job="own",x="y"} 3\n',
     '# HELP a Help.\n# TYPE a gauge\na{job="own"} 2\na{job="own",x="y"} 3\n'],
    ['# HELP a Theirs.\n# TYPE a gauge\na{job="other"} 1\n# TYPE b gauge\nb{job="own"} 1\n',
     '# TYPE b gauge\nb{job="own"} 1\n'],
    ['a{x="job=\\"own\\"",job="other"} 1\n', ''],
    ['a{job="other",x="\\",job=\\"own"} 1\n', ''],
    ['a{job="own",x="\\\\"} 1\na{job="other",x="\\\\\\",job=\\"own"} 1\n', 'a{job="own",x="\\\\"} 1\n'],
    ['a{x="\\n} 1",job="own"} 1\n', 'a{x="\\n} 1",job="own"} 1\n'],
    ['{"my.name",job="own","my.label"="é"} 1\n', '{"my.name",job="own","my.label"="é"} 1\n'],
    ['{"job=\\"own\\"",job="other"} 1\n', ''],
    ['# HELP "a b" Help "x".\n# TYPE "a b" gauge\n{"a b",job="own"} 1 1700000000000\n',
     '# HELP "a b" Help "x".\n# TYPE "a b" gauge\n{"a b",job="own"} 1 1700000000000\n'],
    ['go_goroutines 3\npushgateway_build_info{version="1"} 1\n', ''],
  ] as const; // biome-ignore format: one case a line
  for (const [text, want] of cases) {
    test(JSON.stringify(text), () => {
      for (const size of [1, 2, 7, text.length]) assert.equal(filterText(text, size), want);
    });
  }
  for (const broken of [
    'a{job="own"',
    'a{job="own} 1\n',
    'a{job="own" x="y"} 1\n',
    'a{job="own",job="other"} 1\n',
    'a\n',
  ]) {
    test(`what is not understood is not passed on: ${JSON.stringify(broken)}`, () => {
      assert.equal(filterText(broken), undefined);
    });
  }
});

describe('the filter of the listing', () => {
  const own =
    '{"labels":{"job":"own","x":"]},{\\"labels\\":{\\"job\\":\\"own"},"a":{"metrics":[1]}}';
  const other = '{"a":{"help":"\\\\"},"labels":{"job":"other","x":"\\"own\\""}}';
  const cases = [
    [[own], [own]],
    [[other], []],
    [[], []],
    [
      [own, other, own],
      [own, own],
    ],
    [[other, own], [own]],
  ] as const;
  for (const [given, want] of cases) {
    test(`${given.length} groups, of which ${want.length} are seen`, () => {
      const listing = (groups: readonly string[]) =>
        `{"status":"success","data":[${groups.join(',')}]}`;
      for (const size of [1, 3, 1000]) {
        assert.equal(filterListing(listing(given), size), listing(want));
      }
    });
  }
  test('a store without groups has an empty listing', () => {
    assert.equal(
      filterListing('{"status":"success","data":null}\n'),
      '{"status":"success","data":[]}',
    );
  });
  for (const broken of ['', '{"status":"error"}', `{"status":"success","data":[${own}`, '[]']) {
    test(`what is not understood is not passed on: ${JSON.stringify(broken.slice(0, 30))}`, () => {
      assert.equal(filterListing(broken), undefined);
    });
  }
});

describe('the filter of protobuf', () => {
  const label = (name: string, value: string) =>
    delimited(1, delimited(1, name), delimited(2, value));
  const metric = (...labels: readonly Buffer[]) =>
    delimited(4, ...labels, delimited(2, double(1, 3)));
  const family = (...metrics: readonly Buffer[]) =>
    prefixed(delimited(1, 'a'), delimited(2, 'Help.'), integer(3, 1), ...metrics);
  const own = metric(label('job', 'own'));
  const other = metric(label('x', 'job="own"'), label('job', 'other'));
  const filter = (stream: Buffer, size?: number) =>
    run(createProtobufFilter(SCOPE), stream, size)?.toString('hex');

  test('of each family goes out what is seen, and nothing of others', () => {
    const stream = Buffer.concat([family(other), family(own, other, own), family(metric())]);
    for (const size of [1, 5, 1000]) {
      assert.equal(filter(stream, size), family(own, own).toString('hex'));
    }
  });
  test('a family of any number of series goes out', () => {
    const stream = family(Buffer.concat(Array.from({ length: 200_000 }, () => own)));
    const kept = run(createProtobufFilter(SCOPE), stream, 16 * 1024);
    assert.ok(kept?.equals(stream));
  });
  test('a family is looked at as it comes, not when it is whole', () => {
    const stream = family(Buffer.concat(Array.from({ length: 10_000 }, () => own)));
    let seen = 0;
    const one = createProtobufFilter({
      ...SCOPE,
      sees: () => {
        seen += 1;
        return true;
      },
    });
    one.add(stream.subarray(0, stream.length / 2), () => assert.fail('its length is not known'));
    assert.ok(seen > 4000 && seen < 6000, `${seen} of 10000 seen at half of it`);
  });
  test('what is cut off or broken is not passed on', () => {
    for (const end of [1, 2, 3, 20]) {
      assert.equal(filter(family(own).subarray(0, -end)), undefined);
    }
    assert.equal(filter(Buffer.from([2, 0x22, 5, 1, 2, 3, 4, 5])), undefined);
    assert.equal(filter(Buffer.from([0, 0, 0])), '');
    assert.equal(filter(family(delimited(4, delimited(1, Buffer.from([0xff]))))), undefined);
  });
});

test('no byte of another job goes out, whatever its labels hold', () => {
  const value = fc.string({ unit: 'binary', maxLength: 12 });
  const hostile = fc.oneof(
    value,
    fc.constantFrom('"', '\\', '",job="own"', '\n', 'own', '} 1\na{job="own"} 1'),
  );
  const series = fc.record({
    job: fc.constantFrom('own', 'other'),
    x: hostile,
    first: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(series, { maxLength: 20 }),
      fc.integer({ min: 1, max: 40 }),
      (all, size) => {
        const lines = all.map(({ job, x, first }) => {
          const labels = [`job="${job}"`, `x="${escapeLabel(x)}"`];
          return { job, line: `a{${(first ? labels : labels.toReversed()).join(',')}} 1\n` };
        });
        const text = lines.map(({ line }) => line).join('');
        const want = lines.filter(({ job }) => job === 'own').map(({ line }) => line);
        assert.equal(filterText(text, size), Buffer.from(want.join('')).toString());

        const groups = all.map(({ job, x }) => ({
          job,
          text: JSON.stringify({ labels: { job, x } }),
        }));
        const listing = (kept: readonly { readonly text: string }[]) =>
          `{"status":"success","data":[${kept.map(({ text }) => text).join(',')}]}`;
        assert.equal(
          filterListing(listing(groups), size),
          Buffer.from(listing(groups.filter(({ job }) => job === 'own'))).toString(),
        );
      },
    ),
  );
});

test('no byte of another job goes out in protobuf', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 }).map((one) => one.toWellFormed());
  const series = fc.record({
    job: fc.constantFrom('own', 'other', ''),
    x: text,
    first: fc.boolean(),
  });
  const pair = (name: string, value: string): Buffer =>
    delimited(1, delimited(1, name), delimited(2, value));
  const metric = ({ job, x, first }: { job: string; x: string; first: boolean }): Buffer => {
    const labels = [pair('job', job), pair('x', x)];
    return delimited(4, ...(first ? labels : labels.toReversed()), delimited(2, double(1, 3)));
  };
  const families = fc.array(fc.array(series, { maxLength: 6 }), { maxLength: 6 });
  fc.assert(
    fc.property(families, fc.integer({ min: 1, max: 40 }), (all, size) => {
      const stream = (isSeen: (job: string) => boolean): Buffer =>
        Buffer.concat(
          all
            .map((family) => family.filter(({ job }) => isSeen(job)))
            .map((family) =>
              family.length === 0 ? '' : prefixed(delimited(1, 'a'), ...family.map(metric)),
            )
            .map((family) => Buffer.from(family)),
        );
      const kept = run(
        createProtobufFilter(SCOPE),
        stream(() => true),
        size,
      );
      assert.deepEqual(
        kept,
        stream((job) => job === 'own'),
      );
    }),
  );
});

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
