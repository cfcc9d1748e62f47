import type { Decision } from '../core/decision.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import { parseProtobufExposition } from '../core/exposition/protobuf/protobuf-exposition.ts';
import type { ContentScope, PushContent } from '../core/exposition/push-content.ts';
import { parseTextExposition } from '../core/exposition/text/text-exposition.ts';
import { checkContent } from '../core/policy/content-rules.ts';
import { checkEmptyPush } from '../core/policy/empty-push.ts';
import type { TeamPolicy } from '../core/policy/policy.ts';
import type { GroupingKey } from '../core/target/grouping-key.ts';

/** A strict parser for each exchange format. */
const PARSERS = {
  text: parseTextExposition,
  protobuf: parseProtobufExposition,
} as const satisfies Record<
  MediaType,
  (body: Uint8Array, scope: ContentScope) => Decision<PushContent>
>;

/** Understands a body in full and decides whether the team may push what it holds. */
export function inspectBody(
  body: Uint8Array,
  mediaType: MediaType,
  team: TeamPolicy,
  key: GroupingKey,
  method: string,
): Decision<PushContent> {
  const { limits, watchedLabels } = team;
  const content = PARSERS[mediaType](body, { key, limits, watchedLabels });
  if (content.effect === 'deny') return content;
  if (content.value.series === 0) {
    const taken = checkEmptyPush(method, team);
    if (taken.effect === 'deny') return taken;
  }
  return checkContent(content.value, team);
}
