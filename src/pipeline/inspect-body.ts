import { checkContent } from '../core/content-policy.ts';
import { type Decision, deny } from '../core/decision.ts';
import { parseTextExposition } from '../core/exposition-text.ts';
import type { GroupingKey } from '../core/grouping-key.ts';
import type { MediaType } from '../core/media-type.ts';
import type { TeamPolicy } from '../core/policy.ts';
import type { PushContent } from '../core/push-content.ts';

/** Understands a body in full and decides whether the team may push what it holds. */
export function inspectBody(
  body: Uint8Array,
  mediaType: MediaType,
  team: TeamPolicy,
  key: GroupingKey,
): Decision<PushContent> {
  if (mediaType === 'protobuf') {
    return deny('encoding_not_supported', {
      detail: 'protobuf is not supported yet',
      hints: [
        'send the text format; in Go: push.New(…).Format(expfmt.NewFormat(expfmt.TypeTextPlain))',
      ],
    });
  }
  const { limits, watchedLabels } = team;
  const content = parseTextExposition(body, { key, limits, watchedLabels });
  return content.effect === 'deny' ? content : checkContent(content.value, team);
}
