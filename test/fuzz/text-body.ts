import type { Random } from './random.ts';
import * as words from './text-vocabulary.ts';

type Words = readonly [string, ...string[]];

/** A source of choices, some of them wrong. */
interface Chooser {
  readonly random: Random;
  /** How often, in percent, a choice falls on something that a parser may refuse. */
  readonly wrongPercent: number;
}

/** A body of the text format as clients write it or get it wrong. */
export function generateText(random: Random, wrongPercent: number): string {
  const chooser = { random, wrongPercent };
  const lines = random.many(0, 4, () => renderFamily(chooser)).flat();
  if (isWrong(chooser)) lines.splice(random.below(lines.length + 1), 0, ...lines.splice(0, 1));
  if (lines.length === 0) return '';
  return lines.join('\n') + (isWrong(chooser) ? '' : '\n');
}

function renderFamily(chooser: Chooser): readonly string[] {
  const { random } = chooser;
  const name = choose(chooser, words.NAMES, words.CLASHING_NAMES);
  const type = choose(chooser, words.TYPES, words.WRONG_TYPES);
  const shape = (isWrong(chooser) ? random.pick(words.TYPES) : type).toLowerCase();
  const help = choose(chooser, words.HELPS, words.WRONG_HELPS);
  return [
    ...(random.chance(50) ? [`#${blanks(random, 95)}HELP${blanks(random)}${name} ${help}`] : []),
    ...(isWrong(chooser) ? [] : [`# TYPE${blanks(random)}${name}${blanks(random)}${type}`]),
    ...(random.chance(10) ? [choose(chooser, words.COMMENTS, words.WRONG_COMMENTS)] : []),
    ...random.many(0, 2, () => renderMetric(chooser, name, shape)).flat(),
  ];
}

/** The lines of one metric: of a histogram or summary several that share their labels. */
function renderMetric(chooser: Chooser, name: string, shape: string): readonly string[] {
  const { random } = chooser;
  const labels = renderLabels(chooser);
  const line = (suffix: string, bound: readonly string[], value: string): string => {
    const own = isWrong(chooser) ? renderLabels(chooser) : labels;
    const all = random.chance(50) ? [...bound, ...own] : [...own, ...bound];
    return blanks(random, 0) + name + suffix + renderBraces(random, all) + blanks(random) + value;
  };
  const value = (): string => choose(chooser, words.VALUES, words.WRONG_VALUES);
  const bound = (label: string, right: string): readonly string[] =>
    isWrong(chooser)
      ? []
      : [renderLabel(random, label, choose(chooser, [right], words.WRONG_BOUNDS))];
  const totals = (count: string): readonly string[] => [
    ...(random.chance(80) ? [line('_sum', [], value())] : []),
    ...(random.chance(80) ? [line('_count', [], count)] : []),
  ];
  const bounds = words.BOUNDS.filter(() => random.chance(25));
  switch (shape) {
    case 'histogram': {
      const buckets = [...bounds, ...(isWrong(chooser) ? [] : ['+Inf'])];
      const counted = (index: number): string => renderCount(chooser, index);
      return [
        ...buckets.map((le, index) => line('_bucket', bound('le', le), counted(index))),
        ...totals(counted(buckets.length)),
        ...(isWrong(chooser) ? [line('', bound('le', '1'), value())] : []),
      ];
    }
    case 'summary':
      return [
        ...bounds.map((quantile) => line('', bound('quantile', quantile), value())),
        ...totals(renderCount(chooser, random.below(5))),
        ...(isWrong(chooser) ? [line('_bucket', bound('le', '1'), value())] : []),
      ];
    default:
      return [line('', [], value())];
  }
}

function renderCount(chooser: Chooser, count: number): string {
  const { random } = chooser;
  const forms: Words = [`${count}`, `${count}.0`, `${count}e2`, `+${count}`];
  return choose(chooser, random.chance(80) ? [`${count}`] : forms, words.WRONG_COUNTS);
}

function renderLabels(chooser: Chooser): readonly string[] {
  const { random } = chooser;
  return random.many(0, 2, () =>
    renderLabel(
      random,
      choose(chooser, words.LABELS, words.WRONG_LABELS),
      choose(chooser, words.LABEL_VALUES, words.WRONG_LABEL_VALUES),
    ),
  );
}

function renderLabel(random: Random, name: string, value: string): string {
  return `${name}${blanks(random, 0)}=${blanks(random, 0)}"${value}"${blanks(random, 0)}`;
}

function renderBraces(random: Random, labels: readonly string[]): string {
  if (labels.length === 0) return random.chance(90) ? '' : '{}';
  return `${blanks(random, 0)}{${blanks(random, 0)}${labels.join(',')}${random.chance(5) ? ',' : ''}}`;
}

/** One space in `percent` of all cases, else more, or a tab, or, when it may be left out, none. */
function blanks(random: Random, percent = 100): string {
  if (random.chance(5)) return random.pick(['\t', '  ', ' \t']);
  return random.chance(percent) ? ' ' : '';
}

function choose(chooser: Chooser, right: Words, wrong: Words): string {
  return chooser.random.pick(isWrong(chooser) ? wrong : right);
}

function isWrong({ random, wrongPercent }: Chooser): boolean {
  return random.chance(wrongPercent);
}
