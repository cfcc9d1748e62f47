import { type Measurement, median } from '../../bench/support/measure.ts';
import type { LoadCase, LoadOptions, LoadRuns, Way } from './load.ts';

const MIB = 1024 ** 2;

/**
 * The head of the document, under which the cases come.
 *
 * @param busy - load average of the machine before the first
 */
export function renderLoadHead(
  programs: readonly string[],
  options: LoadOptions,
  busy: number,
): string {
  const { rounds, seconds } = options;
  return `# What it costs

Made by \`npm run compare -- load\`; how to read it: [README](../README.md#the-load). ${rounds} rounds of ${seconds} s in turns; medians, and in brackets the least and the most of the rounds.

${programs.map((program) => `- ${program}`).join('\n')}
- load average of the machine before the first round: ${busy.toFixed(1)}
`;
}

/** What a case measured, as a section with a table. */
export function renderLoadCase({ title, connections }: LoadCase, runs: LoadRuns): string {
  const base = runs.get('nginx') ?? [];
  const rows = [...runs].map(([way, own]) => renderWay(way, own, base));
  return `
## ${title}

${connections} connections.

| through | pushes/s | p50 ms | p99 ms | CPU µs/push | resident MiB | pushes/s to nginx | CPU to nginx | failures |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function renderWay(way: Way, own: readonly Measurement[], base: readonly Measurement[]): string {
  const middle = (pick: (run: Measurement) => number, digits: number): string =>
    median(own, pick).toFixed(digits);
  const cells = [
    way,
    middle(({ pushesPerSecond }) => pushesPerSecond, 0),
    middle(({ p50 }) => p50, 2),
    middle(({ p99 }) => p99, 2),
    way === 'nothing' ? '' : middle(({ cpuPerPush }) => cpuPerPush, 0),
    way === 'nothing' ? '' : middle(({ residentBytes }) => residentBytes / MIB, 0),
    renderRatio(own, base, ({ pushesPerSecond }) => pushesPerSecond),
    way === 'nothing' ? '' : renderRatio(own, base, ({ cpuPerPush }) => cpuPerPush),
    String(own.reduce((sum, { failures }) => sum + failures, 0)),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Round by round, since what disturbs one round disturbs both. */
function renderRatio(
  own: readonly Measurement[],
  base: readonly Measurement[],
  pick: (run: Measurement) => number,
): string {
  const ratios = own
    .map((run, round) => pick(run) / pick(base[round] ?? run))
    .filter(Number.isFinite);
  const digits = (ratio: number): string => ratio.toFixed(2);
  const middle = median(ratios, (ratio) => ratio);
  return `${digits(middle)} (${digits(Math.min(...ratios))}–${digits(Math.max(...ratios))})`;
}
