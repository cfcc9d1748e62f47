import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CONTENT_TYPES, type MediaType } from '../src/core/exposition/media-type.ts';
import { parseProtobufExposition } from '../src/core/exposition/protobuf/protobuf-exposition.ts';
import type { ContentScope, FamilyContent } from '../src/core/exposition/push-content.ts';
import { parseTextExposition, readText } from '../src/core/exposition/text/text-exposition.ts';
import { createMemoryGroupStore } from '../src/core/store/memory-group-store.ts';
import { parsePushTarget } from '../src/core/target/push-target.ts';
import { delimited, integer, prefixed } from '../test/support/protobuf.ts';
import { pushgatewayMissing, startPushgateway } from '../test/support/pushgateway.ts';
import { BODIES, textFamilies } from './support/large-bodies.ts';
import { renderTable } from './support/markdown-table.ts';
import { readProcessCost } from './support/process-cost.ts';

/**
 * What understanding a push costs here, and entering it into the model of the store, beside what the
 * same push costs Pushgateway, which parses it too, merges it and checks its whole store: CPU time
 * of both, in one run. And how much memory the largest bodies take.
 *
 * `npm run bench -- exposition [MILLISECONDS] [costs]`, the latter without the memory
 */
const [argument = '300', kind = ''] = process.argv.slice(2);

type Parser = typeof parseTextExposition;

/** Each body read as if none had come before it. */
const PARSERS = {
  text: (body, scope) => readText(body, scope, 1).content,
  protobuf: parseProtobufExposition,
} as const satisfies Record<MediaType, Parser>;
/** One with the series of the body before it. */
const PARSERS_AGAIN = { text: parseTextExposition, protobuf: parseProtobufExposition } as const;

const SCOPE: ContentScope = {
  key: { job: 'bench', labels: [{ name: 'instance', value: 'a' }] },
  limits: { series: 1e9, labels: 32, name: 256, labelValue: 1024 },
  watchedLabels: new Set(),
};
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Bodies of 8 MiB that are much in memory for what they are on the wire. */
const HEAVY: Readonly<Record<string, () => readonly [Parser, Buffer]>> = {
  'text, series with labels': () => [parseTextExposition, filled(textFamilies(150_000).join(''))],
  'text, series without labels': () => [
    parseTextExposition,
    filled(Array.from({ length: 500_000 }, (_, index) => `m${index} ${index}\n`).join('')),
  ],
  'text, one HELP': () => [parseTextExposition, Buffer.from(`# HELP a ${'é'.repeat(4_000_000)}\n`)],
  'text, empty families': () => [
    parseTextExposition,
    filled(Array.from({ length: 900_000 }, (_, index) => `# HELP m${index}\n`).join('')),
  ],
  'protobuf, series with labels': () => [parseProtobufExposition, BODIES.protobuf(115_000)],
  'protobuf, empty buckets': () => [
    parseProtobufExposition,
    prefixed(
      delimited(1, 'a'),
      integer(3, 4),
      delimited(4, delimited(7, Buffer.alloc(8_000_000, '1a00', 'hex'))),
    ),
  ],
};

if (kind === '' || kind === 'costs') {
  console.log(renderTable(await listCosts(Number(argument))));
  if (kind === '') printPeaks();
} else printPeak(kind);

async function listCosts(milliseconds: number) {
  if (pushgatewayMissing('1.11')) throw new Error(String(pushgatewayMissing('1.11')));
  await using gateway = await startPushgateway({ version: '1.11' });
  const rows = [];
  for (const format of ['text', 'protobuf'] as const) {
    for (const series of [5, 100, 10_000]) {
      const body = BODIES[format](series);
      const parsing = measureParser(PARSERS[format], body, milliseconds);
      const again = measureParser(PARSERS_AGAIN[format], body, milliseconds);
      const own = parsing + (await measureModel(PARSERS[format], body, milliseconds));
      const theirs = await measurePushgateway(gateway, format, body, milliseconds);
      rows.push({
        format,
        series,
        bytes: body.length,
        'parse us': parsing.toFixed(1),
        'again us': again.toFixed(1),
        'and model us': own.toFixed(1),
        'MB/s': (body.length / own).toFixed(0),
        'Pushgateway us': theirs.toFixed(0),
        ratio: `1 : ${(theirs / own).toFixed(0)}`,
      });
    }
  }
  return rows;
}

function printPeaks(): void {
  for (const name of Object.keys(HEAVY)) {
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), '0', name], { stdio: 'inherit' });
  }
}

/** CPU microseconds of one body, once the code is hot. */
function measureParser(parse: Parser, body: Buffer, milliseconds: number): number {
  const run = (duration: number): number => {
    const before = process.cpuUsage();
    const end = performance.now() + duration;
    let count = 0;
    while (performance.now() < end) {
      if (parse(body, SCOPE).effect === 'deny') throw new Error('the body is refused');
      count += 1;
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  run(milliseconds);
  return Math.min(run(milliseconds), run(milliseconds), run(milliseconds));
}

/** CPU microseconds that it takes to enter what a body holds into an empty group, and to take it out. */
async function measureModel(parse: Parser, body: Buffer, milliseconds: number): Promise<number> {
  const store = createMemoryGroupStore({ secret: [1, 2], pause: async () => {} });
  const target = parsePushTarget('/metrics/job/bench/instance/a', { emptyValues: false });
  const content = parse(body, SCOPE);
  if (target.effect === 'deny' || content.effect === 'deny') throw new Error('it is refused');
  const push = { target: target.value, team: 'a', credential: 'a', method: 'PUT', at: 0 } as const;
  const enter = async (families: readonly FamilyContent[]): Promise<void> => {
    const claim = await store.claim({ ...push, content: { families } });
    if (claim.effect === 'deny') throw new Error('the push is refused');
    await claim.value.settle('stored');
  };
  const run = async (duration: number): Promise<number> => {
    const before = process.cpuUsage();
    const end = performance.now() + duration;
    let count = 0;
    while (performance.now() < end) {
      await enter(content.value.families);
      await enter([]);
      count += 1;
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  await run(milliseconds);
  return Math.min(await run(milliseconds), await run(milliseconds));
}

/** CPU microseconds that Pushgateway uses for one push to an otherwise empty store. */
async function measurePushgateway(
  gateway: { readonly url: string; readonly pid: number; wipe(): Promise<void> },
  format: MediaType,
  body: Buffer,
  milliseconds: number,
): Promise<number> {
  await gateway.wipe();
  const before = readProcessCost(gateway.pid).cpuMicroseconds;
  const end = performance.now() + 3 * milliseconds;
  let count = 0;
  while (performance.now() < end) {
    const { status } = await fetch(`${gateway.url}/metrics/job/bench/instance/a`, {
      method: 'PUT',
      body,
      headers: { 'content-type': CONTENT_TYPES[format] },
    });
    if (status !== 200) throw new Error(`Pushgateway answered ${status}`);
    count += 1;
  }
  return (readProcessCost(gateway.pid).cpuMicroseconds - before) / count;
}

/** In a process of its own, whose peak is then that of one body. */
function printPeak(name: string): void {
  const [parse, body] = HEAVY[name]?.() ?? [];
  if (parse === undefined || body === undefined) throw new Error(`there is no body "${name}"`);
  const limits = { ...SCOPE.limits, series: 100_000 };
  const before = process.resourceUsage().maxRSS;
  for (const series of [10_000, 1e9]) {
    const { effect } = parse(body, { ...SCOPE, limits: { ...limits, series } });
    const grown = (process.resourceUsage().maxRSS - before) / 1024;
    console.log(
      `${name.padEnd(30)} ${(body.length / 1e6).toFixed(1)} MB, limit ${series} series: ${effect}, +${grown.toFixed(0)} MiB`,
    );
  }
}

/** As many lines as there is room for in 8 MiB. */
function filled(text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.subarray(0, bytes.lastIndexOf(0x0a, MAX_BODY_BYTES) + 1);
}
