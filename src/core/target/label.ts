import { allow, type Decision, deny } from '../decision.ts';
import { renderName, renderPrintable } from '../printable.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Names that mean something to Prometheus or to a histogram or summary. */
const RESERVED_NAMES = new Set(['job', 'le', 'quantile']);

/** Controls, format characters, unassigned and private code points, and what renders as nothing. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const SPACE_AT_END = /^[\p{Z}\s]|[\p{Z}\s]$/u;
const ASCII_VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

/**
 * Checks the name of a grouping label. `U__…` is refused because a Pushgateway with UTF-8 names
 * switched on unescapes it into another name.
 */
export function parseLabelName(name: string): Decision<string> {
  if (!LABEL_NAME.test(name)) {
    return deny('target_invalid', {
      detail: `${renderName(name)} is not a label name`,
      hints: [
        ...suggestName(name),
        'a label name has letters, digits and "_", and does not begin with a digit',
      ],
    });
  }
  if (RESERVED_NAMES.has(name) || name.startsWith('__') || name.startsWith('U__')) {
    return deny('target_invalid', {
      detail: `the label name ${renderName(name)} is reserved`,
      hints: [name === 'job' ? 'the job comes once, and first' : 'choose another name'],
    });
  }
  return allow(name);
}

/**
 * Checks a decoded job or label value, which may be empty: no controls, nothing invisible, NFC, no
 * space at either end.
 * @param what - names the value in the refusal: `the job`, `label "instance"`
 */
export function parseLabelValue(value: string, what: string): Decision<string> {
  if (value === '' || ASCII_VALUE.test(value)) return allow(value);
  if (INVISIBLE.test(value)) {
    return deny('target_invalid', {
      detail: `${what} has a control or invisible character`,
      hints: [
        `leave ${renderCodePoint(value)} out: it comes with a line end, or with text copied from a page`,
      ],
    });
  }
  if (SPACE_AT_END.test(value)) {
    return deny('target_invalid', {
      detail: `${what} begins or ends with a space`,
      hints: ['take it off; at the end of a variable it is often a line end made into %20'],
    });
  }
  if (value.normalize('NFC') !== value) {
    return deny('target_invalid', {
      detail: `${what} is not in Unicode normal form C`,
      hints: ['normalise it to NFC before encoding it'],
    });
  }
  return allow(value);
}

function suggestName(name: string): readonly string[] {
  const suffix = /@\w*$/.exec(name)?.[0];
  if (suffix !== undefined)
    return [`the only ending is @base64, not ${renderPrintable(suffix, 40)}`];
  const fixed = name.replace(/\W+/g, '_').replace(/^(?=\d)/, '_');
  return /[a-z]/i.test(fixed) ? [`write ${renderPrintable(fixed, 80)}`] : [];
}

function renderCodePoint(value: string): string {
  const code = INVISIBLE.exec(value)?.[0].codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
