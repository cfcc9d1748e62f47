import type { MediaType } from '../../src/core/exposition/media-type.ts';
import { parseProtobufExposition } from '../../src/core/exposition/protobuf/protobuf-exposition.ts';
import type { ContentScope, PushContent } from '../../src/core/exposition/push-content.ts';
import { parseTextExposition } from '../../src/core/exposition/text/text-exposition.ts';
import { mutate } from './mutation.ts';
import { generateProtobuf } from './protobuf-body.ts';
import { createRandom, type Random } from './random.ts';
import { generateText } from './text-body.ts';

/** A generated body that its parser accepts. */
export interface AcceptedBody {
  readonly mediaType: MediaType;
  readonly body: Uint8Array;
  readonly content: PushContent;
}

/** The parser of each format. */
export const PARSERS = { text: parseTextExposition, protobuf: parseProtobufExposition } as const;

/** Generates body number `seed`: mostly right, at times wrong in a choice or in single bytes. */
export function generateBody(mediaType: MediaType, seed: number): Uint8Array {
  const random = createRandom(seed);
  const body = generate(mediaType, random, random.pick([0, 0, 1, 2]));
  return random.chance(25) ? mutate(body, random) : body;
}

/** Those of the bodies `first` to below `end` that have series and are accepted. */
export function* acceptedBodies(
  mediaType: MediaType,
  first: number,
  end: number,
  scope: ContentScope,
): Generator<AcceptedBody> {
  for (let seed = first; seed < end; seed += 1) {
    const body = generateBody(mediaType, seed);
    const decision = PARSERS[mediaType](body, scope);
    if (decision.effect === 'allow' && decision.value.series > 0) {
      yield { mediaType, body, content: decision.value };
    }
  }
}

function generate(mediaType: MediaType, random: Random, wrongPercent: number): Uint8Array {
  return mediaType === 'text'
    ? Buffer.from(generateText(random, wrongPercent))
    : generateProtobuf(random, wrongPercent);
}
