import { parentPort } from 'node:worker_threads';
import type { Deny } from '../core/decision.ts';
import { parseExposition } from '../core/exposition/parse-exposition.ts';
import type { ParsingQuestion } from './content-parser.ts';
import { type PackedContent, packContent } from './packed-content.ts';

/** What a thread answers. */
export type ParsingAnswer = Deny | PackedContent;

parentPort?.on('message', ({ mediaType, body, scope }: ParsingQuestion) => {
  const parsed = parseExposition(mediaType, body, scope);
  const answer: ParsingAnswer = parsed.effect === 'deny' ? parsed : packContent(parsed.value);
  parentPort?.postMessage(answer);
});
