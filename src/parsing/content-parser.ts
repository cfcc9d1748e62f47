import { extname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { allow, type Decision, deny } from '../core/decision.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import { parseExposition } from '../core/exposition/parse-exposition.ts';
import type { ContentScope, PushContent } from '../core/exposition/push-content.ts';
import { LINE_FEED } from '../core/exposition/text/token.ts';
import { createFairQueue } from '../core/fair-queue.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
import { finishInSlices } from '../core/steps.ts';
import type { ParseContent } from '../pipeline/ports.ts';
import { createThreadPool } from '../threads/thread-pool.ts';
import { createFamilyPace } from './family-pace.ts';
import { unpackContent } from './packed-content.ts';
import type { ParsingAnswer } from './parsing-thread.ts';

/** What a thread is to understand; it answers with the decision. */
export interface ParsingQuestion {
  readonly mediaType: MediaType;
  readonly body: Uint8Array;
  readonly scope: ContentScope;
}

interface ContentParserOptions {
  /** Bodies parsed in threads at once. */
  readonly parallel: number;
}

/** Up to here, and so many lines, a body is parsed where it is, in two or three milliseconds. */
const MAX_BYTES_HERE = 128 * 1024;
const MAX_LINES_HERE = 1000;
/** The same of protobuf, of which a byte can take longer. */
const MAX_PROTOBUF_HERE = 32 * 1024;
/** Up to here at once; of larger ones each has a turn of the event loop of its own. */
const MAX_BYTES_AT_ONCE = 16 * 1024;
/** Bodies that may wait for a turn, and as many for a thread, over all teams; each has its bytes reserved already. */
const MAX_WAITING = 256;

/** `.ts` from the sources, `.js` from a build. */
const ENTRY = new URL(`./parsing-thread${extname(import.meta.url)}`, import.meta.url);

/** Of the process. */
const threads = createThreadPool(ENTRY, 'large bodies');

/**
 * Creates what parses the bodies of pushes: small ones at once, those of many bytes or lines in
 * threads, fewer at the same time than there are cores, the teams in turns. Nobody else's push waits
 * for a large one, nor for those of very many families, which keep a pace.
 */
export function createContentParser({ parallel }: ContentParserOptions): ParseContent {
  const inThreads = createFairQueue({ parallel, maxWaiting: MAX_WAITING });
  const inTurns = createFairQueue({ parallel: 1, maxWaiting: MAX_WAITING });
  const pace = createFamilyPace();
  const parse = (team: string, question: ParsingQuestion): MaybePromise<Parsed> => {
    const { byteLength } = question.body;
    if (byteLength <= MAX_BYTES_AT_ONCE) return parseHere(question);
    return isParsedHere(question)
      ? inTurns.run(team, () => nextTurn().then(() => parseHere(question)))
      : inThreads.run(team, () => parseInThread(question));
  };
  const keepPace = (team: string, parsed: Parsed): ReturnType<ParseContent> => {
    if (parsed === 'dropped') {
      return deny('overloaded', { internal: 'too many large bodies wait to be parsed' });
    }
    if (parsed.effect === 'deny') return parsed;
    return andThen(pace(team, parsed.value.families.length), (end) => {
      if (end === 'passed') return parsed;
      return deny('overloaded', { internal: 'too many pushes of very many families wait' });
    });
  };
  return (team, body, mediaType, scope) =>
    andThen(parse(team, { body, mediaType, scope }), (parsed) => keepPace(team, parsed));
}

type Parsed = Decision<PushContent> | 'dropped';

function parseHere({ mediaType, body, scope }: ParsingQuestion): Decision<PushContent> {
  return parseExposition(mediaType, body, scope);
}

/** Whether it takes no longer than a turn of the event loop may. */
function isParsedHere({ mediaType, body }: ParsingQuestion): boolean {
  if (mediaType === 'protobuf') return body.byteLength <= MAX_PROTOBUF_HERE;
  return body.byteLength <= MAX_BYTES_HERE && !hasMoreLines(body, MAX_LINES_HERE);
}

function hasMoreLines(body: Uint8Array, most: number): boolean {
  let lines = 0;
  for (let at = body.indexOf(LINE_FEED); at !== -1; at = body.indexOf(LINE_FEED, at + 1)) {
    lines += 1;
    if (lines > most) return true;
  }
  return false;
}

/** Families that are taken over from a thread in one turn of the event loop. */
const FAMILIES_AT_ONCE = 1000;

async function parseInThread(question: ParsingQuestion): Promise<Decision<PushContent>> {
  const body = new Uint8Array(question.body); // given away; the one here goes upstream
  const asked = await threads.ask({ ...question, body }, [body.buffer]);
  const answer = asked as ParsingAnswer; // as `parsing-thread.ts` has it
  if ('effect' in answer) return answer;
  const slices = { length: FAMILIES_AT_ONCE, pause: () => nextTurn() };
  return allow(await finishInSlices(unpackContent(answer), slices));
}
