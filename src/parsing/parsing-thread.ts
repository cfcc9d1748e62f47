import { parentPort } from 'node:worker_threads';
import { parseExposition } from '../core/exposition/parse-exposition.ts';
import { giveWay } from '../threads/give-way.ts';
import type { ParsingQuestion } from './content-parser.ts';

giveWay();
parentPort?.on('message', ({ mediaType, body, scope }: ParsingQuestion) => {
  parentPort?.postMessage(parseExposition(mediaType, body, scope));
});
