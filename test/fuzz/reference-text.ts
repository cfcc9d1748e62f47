import type { PushedFamily } from '../../src/core/exposition/push-content.ts';

const VALUE = String.raw`(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])`;
const LABEL = String.raw`[ \t]*[a-zA-Z_]\w*[ \t]*=[ \t]*"(?:[^"\\\n]|\\["\\n])*"[ \t]*`;
const LABELS = String.raw`\{[ \t]*(?:${LABEL}(?:,${LABEL})*,?)?[ \t]*\}`;
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^[ \\t]*(${NAME})(?:[ \\t]*${LABELS}[ \\t]*|[ \\t]+)${VALUE}$`, 'u');
const TYPE = new RegExp(`^[ \\t]*#[ \\t]*TYPE[ \\t]+(${NAME})[ \\t]+(\\w+)$`, 'u');
const IGNORED = /^[ \t]*(?:#.*)?$/su;

/**
 * Reads a body line by line with regular expressions: slowly, without any memory of the line
 * before, and without judging more than the form.
 * @throws Error for a line that has none of the forms
 */
export function readReference(text: string): {
  readonly families: readonly PushedFamily[];
  readonly series: number;
} {
  const types = new Map<string, PushedFamily['type']>();
  const used = new Set<string>();
  let series = 0;
  for (const line of text.split('\n')) {
    const [, declared, type = ''] = TYPE.exec(line) ?? [];
    const [, sample] = SAMPLE.exec(line) ?? [];
    if (declared !== undefined) types.set(declared, parseType(type));
    else if (sample !== undefined) {
      used.add(familyOf(sample, types));
      series += 1;
    } else if (!IGNORED.test(line)) throw new Error(`no form fits ${JSON.stringify(line)}`);
  }
  const families = [...used].map((name) => ({ name, type: types.get(name) ?? 'untyped' }));
  return { families, series };
}

function parseType(text: string): PushedFamily['type'] {
  const known = ['counter', 'gauge', 'summary', 'histogram', 'untyped'] as const;
  const type = known.find((name) => name === text.toLowerCase());
  if (type === undefined) throw new Error(`no type is called ${text}`);
  return type;
}

function familyOf(sample: string, types: ReadonlyMap<string, PushedFamily['type']>): string {
  const base = sample.replace(/_(?:sum|count|bucket)$/, '');
  const type = types.get(base);
  const isPart = type === 'histogram' || (type === 'summary' && !sample.endsWith('_bucket'));
  return isPart ? base : sample;
}
