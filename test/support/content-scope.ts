import type { Decision } from '../../src/core/decision.ts';
import type { ContentScope, PushContent } from '../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';

/** Where pushes of tests go unless they say otherwise: `/metrics/job/batch`, with room for all. */
export const WIDE_SCOPE: ContentScope = {
  key: { job: 'batch', labels: [] },
  limits: { series: 100_000, labels: 32, name: 256, labelValue: 1024 },
  watchedLabels: new Set(),
};

/** Parses text under `WIDE_SCOPE`, but for what `scope` changes in it. */
export function parseText(
  text: string | Uint8Array,
  scope: Partial<ContentScope> = {},
): Decision<PushContent> {
  const body = typeof text === 'string' ? Buffer.from(text) : text;
  return parseTextExposition(body, { ...WIDE_SCOPE, ...scope });
}
