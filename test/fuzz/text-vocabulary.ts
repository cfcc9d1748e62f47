/** The pieces that bodies of the text format are made of, and what is easily taken for them. */

/** Few names, so that families clash and series repeat. */
export const NAMES = ['a', 'b', 'c', 'd:e', '_', 'b_total'] as const;
export const CLASHING_NAMES = ['a_count', 'a_sum', 'a_bucket', 'b_count', 'a_count_sum'] as const;

export const TYPES = ['counter', 'gauge', 'summary', 'histogram', 'untyped', 'Histogram'] as const;
export const WRONG_TYPES = [
  'gauge_histogram',
  'gaugehistogram',
  'unknown',
  'info',
  '',
  'gauge ',
  'sum\\mary',
] as const;

export const LABELS = ['x', 'y', 'X_9', 'job', 'instance'] as const;
export const WRONG_LABELS = [
  'le',
  'quantile',
  '__name__',
  '__x',
  'x-y',
  '9',
  '',
  '"x"',
  'é',
] as const;

export const LABEL_VALUES = [
  '1',
  '2',
  'a b',
  '',
  '\\"',
  '\\\\',
  '\\n',
  'жук',
  '🦆',
  '{,}=',
  '\t',
  '\u0001',
  '\u007f',
  '\u2028',
  'a\rb',
  '\r',
] as const;
export const WRONG_LABEL_VALUES = ['\\d', '\\', '"', '\n', '\0'] as const;

/** Ascending. */
export const BOUNDS = ['-Inf', '-1', '0', '1e-3', '0.5', '1', '2.0', '+5', '1e3'] as const;
export const WRONG_BOUNDS = ['NaN', 'x', '', '0x1p3', '1_0', '1e999', '-0', '1.0', 'Inf'] as const;

export const VALUES = [
  '0',
  '1',
  '1.5',
  '-1',
  '1e3',
  '.5',
  '5.',
  '+7',
  'NaN',
  'nan',
  '+Inf',
  '-inf',
  'Infinity',
  '1e-400',
  '18446744073709551615',
  '1.7976931348623157e308',
] as const;
export const WRONG_VALUES = [
  '',
  '1,5',
  '0x10',
  '0x1p3',
  '1_000',
  '1e999',
  '--1',
  '1e',
  '.',
  '+',
  'e5',
  '+nan',
  'x',
  '1 2',
  '1 1700000000000',
  '1 ',
  '1\t',
  '1 # {} 1',
  '١',
] as const;
export const WRONG_COUNTS = ['1.5', '-1', 'NaN', '+Inf', '18446744073709551616', '1e400'] as const;

export const HELPS = [
  'text',
  '',
  'é 🦆',
  'back\\\\slash',
  'new\\nline',
  '"quoted"',
  'trailing ',
  '{a="b"} 1',
  '# x',
  '\t',
  'a\rb',
] as const;
export const WRONG_HELPS = ['\\"', '\\d', 'end\\', '\r', '\0'] as const;

export const COMMENTS = [
  '',
  '# a comment',
  '#',
  '  ',
  '\t',
  '# EOF',
  '#comment',
  '# HELPa b',
] as const;
export const WRONG_COMMENTS = [
  '# HELP',
  '# TYPE \t',
  '# HELP a-b',
  '# TYPE a',
  'nothing',
  '-',
] as const;
