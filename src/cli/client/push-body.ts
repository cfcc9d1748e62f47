import { type Decision, deny } from '../../core/decision.ts';
import { type PushContent, SCRAPE_SCOPE } from '../../core/exposition/push-content.ts';
import { parseTextExposition } from '../../core/exposition/text/text-exposition.ts';
import { renderQuoted } from '../../core/printable.ts';
import type { GroupingKey } from '../../core/target/grouping-key.ts';
import { UsageError } from '../exit.ts';

/** Types that a sample on the command line can be of. */
export const SAMPLE_TYPES = ['untyped', 'gauge', 'counter'] as const;
export type SampleType = (typeof SAMPLE_TYPES)[number];

/** `NAME`, labels in braces, `=`, the value. */
const SAMPLE = /^([^{}=\s]*)(\{.*\})?\s*=\s*([^=\s{}]+)$/su;

/**
 * Renders samples of the command line, `NAME{labels}=VALUE`, as the body of a push.
 * @throws UsageError that names the one that is none
 */
export function renderSamples(samples: readonly string[], type: SampleType): string {
  const families = new Map<string, string[]>();
  for (const sample of samples) {
    const [, name = '', labels = '', value] = SAMPLE.exec(sample) ?? [];
    if (value === undefined) {
      throw new UsageError(`${renderQuoted(sample)} is not NAME=VALUE or NAME{label="x"}=VALUE`);
    }
    const lines = families.get(name) ?? [];
    families.set(name, [...lines, `${name}${labels} ${value}\n`]);
  }
  return [...families]
    .map(([name, lines]) => {
      const declared = type !== 'untyped' && name !== '';
      return `${declared ? `# TYPE ${name} ${type}\n` : ''}${lines.join('')}`;
    })
    .join('');
}

/** Understands a body as the gateway would, but for the limits and rules of the team. */
export function lintBody(body: Uint8Array, key: GroupingKey): Decision<PushContent> {
  const content = parseTextExposition(body, { ...SCRAPE_SCOPE, key });
  if (content.effect === 'allow' && content.value.series === 0 && body.length === 0) {
    return deny('body_invalid', 'there is nothing to push');
  }
  return content;
}
