import { parentPort } from 'node:worker_threads';
import { parseExposition } from '../core/exposition/parse-exposition.ts';
import type { ParsingQuestion } from './content-parser.ts';

parentPort?.on('message', ({ mediaType, body, scope }: ParsingQuestion) => {
  parentPort?.postMessage(parseExposition(mediaType, body, scope));
});
