/** A benchmark of the page on performance, and what it prints. */
export interface Section {
  readonly title: string;
  /** What is measured, in Markdown. */
  readonly text: string;
  /** The name of the benchmark and its arguments. */
  readonly bench: readonly string[];
  /** The columns of each table that it prints. */
  readonly tables: readonly (readonly string[])[];
}

export const COMMAND = 'npm run bench -- performance';

const COST = ['CPU us', 'spread'] as const;

export const SECTIONS: readonly Section[] = [
  {
    title: 'A push',
    text: `What a push of four series costs in the process between a client and Pushgateway, which runs without its consistency check. All contenders are measured in turns, after as many pushes as it takes until a push costs each of them no less than before, and a second of them before each turn: in a pause V8 throws away what it had compiled. pushwarden runs as the image and the units start it, and does all it can: a token, the rules of a team, the body parsed and held against the store, two audit records; the limits of its team are out of the way, which by default let 50 pushes a second through. \`audit batch\` waits for the disk twice, \`audit none\` for the system. CPU is that of the whole process, all of its threads. Resident memory: after the start, and at the end of the load.`,
    bench: ['push-cost', '1', '3', '1,16,64'],
    tables: [
      [
        ...['connections', 'contender', 'pushes/s', 'p50 ms', 'p99 ms', ...COST],
        ...['to bare Express', 'idle MiB', 'MiB'],
      ],
    ],
  },
  {
    title: 'At half load',
    text: `How late the same pushes are that come at half of what the gateway takes without waiting for the disk, over 16 connections and whether those before are answered or not. Each contender has had as many of them before as it takes until they cost it no less, and a second of them before each of its turns. Times are from when a push was due; \`spread\` is that of the 99th percentile.`,
    bench: ['half-load', '3', '5'],
    tables: [['at half load', 'pushes/s', 'p50 ms', 'p90 ms', 'p99 ms', 'spread', 'p99 over bare']],
  },
  {
    title: 'Large pushes',
    text: `CPU time of understanding one push, of the same series with other values behind it (\`again us\`), and of entering it into the model of the store in place of nothing. Beside it what the same push costs Pushgateway, which parses it once more and holds it against its whole store, here an otherwise empty one. Series have three labels, a hundred are a family. Bodies of more than 128 KiB are parsed in threads of their own.`,
    bench: ['exposition', '300', 'costs'],
    tables: [
      [
        ...['format', 'series', 'bytes', 'parse us', 'again us', 'and model us', 'MB/s'],
        ...['Pushgateway us', 'ratio'],
      ],
    ],
  },
  {
    title: 'Beside others',
    text: `How late a hundred small pushes a second are beside somebody who pushes 10 000 series again and again, or scrapes a store of 10 000 groups: past the gateway, which shows what Pushgateway and the machine make of it, and through it: \`p99 over past\` is what the gateway adds, and what it adds by using the same cores. \`stall ms\` is the longest that the gateway's event loop kept others waiting, by the clock; \`turn CPU ms\` the most that it worked before others had their turn, in processor time, which others on the machine do not lengthen.`,
    bench: ['latency', '2', '3'],
    tables: [
      [
        ...['beside', 'p50 ms', 'p90 ms', 'p99 ms', 'most ms', 'p99 over past'],
        ...['stall ms', 'turn CPU ms'],
      ],
    ],
  },
  {
    title: 'Credentials',
    text: `What the gateway, run from its sources, uses for a small push, by its credential: rows that differ by less than their spread are the same; then the latency of a push with a token beside 64 connections that send wrong credentials as fast as they are refused; then that of a refusal of a wrong password, whether the user name is known or not.`,
    bench: ['credentials', '1', '2', '5'],
    tables: [
      ['credential', ...COST, 'to a token'],
      ['beside', 'pushes', 'p50 ms', 'p90 ms', 'p99 ms', 'refused/s', 'CPU ms/refusal'],
      ['user name', 'refusals', 'p50 ms', 'p90 ms', 'p99 ms'],
    ],
  },
  {
    title: 'The audit log',
    text: `The log alone, without a gateway around it: records that are appended at once, and waited for. A push makes two.`,
    bench: ['audit', '1000', '3'],
    tables: [['at once', 'sync', 'records/s', 'p50 ms', 'p99 ms', 'CPU us', 'to `none`']],
  },
];

/** What a run says of itself. */
export interface Run {
  /** Where it was made. */
  readonly machine: string;
  /** By section, what its benchmark printed. */
  readonly outputs: ReadonlyMap<Section, string>;
}

const HEAD = `# Performance

What the gateway costs. This page is written by \`${COMMAND}\`, which takes some eleven minutes: run it on a machine of yours, and compare the figures of one run only with those of the same run.`;

/** Renders the page. Throws when a benchmark has not printed the tables that it should. */
export function renderPage({ machine, outputs }: Run): string {
  const parts = SECTIONS.map((section) => {
    const printed = outputs.get(section) ?? '';
    const found = splitTables(printed);
    assertColumns(section, found);
    const command = `\`npm run bench -- ${section.bench.join(' ')}\``;
    return [`## ${section.title}`, `${section.text} ${command}.`, ...found].join('\n\n');
  });
  return `${[HEAD, machine, ...parts].join('\n\n')}\n`;
}

/** Throws when tables have other columns than those of the section. */
export function assertColumns({ title, tables }: Section, found: readonly string[]): void {
  const heads = found.map((table) => table.split('\n', 1)[0]);
  const expected = tables.map((columns) => `| ${columns.join(' | ')} |`);
  if (heads.join('\n') === expected.join('\n')) return;
  throw new Error(`${title}: expected\n${expected.join('\n')}\nfound\n${heads.join('\n')}`);
}

/** The tables of a text. */
export function splitTables(text: string): readonly string[] {
  return text.match(/^\|.*\|$(?:\n^\|.*\|$)*/gm) ?? [];
}
