import type { Decision } from '../decision.ts';
import type { MediaType } from './media-type.ts';
import { parseProtobufExposition } from './protobuf/protobuf-exposition.ts';
import type { ContentScope, PushContent } from './push-content.ts';
import { parseTextExposition } from './text/text-exposition.ts';

/** A strict parser for each exchange format. */
const PARSERS = {
  text: parseTextExposition,
  protobuf: parseProtobufExposition,
} as const satisfies Record<
  MediaType,
  (body: Uint8Array, scope: ContentScope) => Decision<PushContent>
>;

/** Parses a body of either format; how it can end is with the two parsers. */
export function parseExposition(
  mediaType: MediaType,
  body: Uint8Array,
  scope: ContentScope,
): Decision<PushContent> {
  return PARSERS[mediaType](body, scope);
}
