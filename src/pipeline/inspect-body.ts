import type { Decision } from '../core/decision.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import type { PushContent } from '../core/exposition/push-content.ts';
import { andThen, type MaybePromise } from '../core/maybe-promise.ts';
import { checkContent } from '../core/policy/content-rules.ts';
import { checkEmptyPush } from '../core/policy/empty-push.ts';
import type { Observation } from '../core/policy/observation.ts';
import type { TeamPolicy } from '../core/policy/policy.ts';
import { finishInSlices } from '../core/steps.ts';
import type { GroupingKey } from '../core/target/grouping-key.ts';
import type { Gateway } from './gateway.ts';
import type { ParseContent } from './ports.ts';

/** A push of which the body was read and decoded. */
interface SentPush {
  readonly method: string;
  readonly key: GroupingKey;
  readonly mediaType: MediaType;
  readonly body: Uint8Array;
}

interface InspectOptions {
  readonly parse: ParseContent;
  readonly pause: Gateway['pause'];
  /** Whether a refusal is passed over, as it is of a team that is only observed. */
  readonly passes?: Observation['passes'];
}

/** Families that are held against the rules before other requests go on: about a millisecond. */
const FAMILIES_AT_ONCE = 500;

/** Understands a body in full and decides whether the team may push what it holds. */
export function inspectBody(
  { method, key, mediaType, body }: SentPush,
  team: TeamPolicy,
  { parse, pause, passes }: InspectOptions,
): MaybePromise<Decision<PushContent>> {
  const { name, limits, watchedLabels } = team;
  return andThen(parse(name, body, mediaType, { key, limits, watchedLabels }), (content) => {
    if (content.effect === 'deny') return content;
    if (content.value.series === 0) {
      const taken = checkEmptyPush(method, team);
      if (taken.effect === 'deny') return taken;
    }
    const slices = { length: FAMILIES_AT_ONCE, pause };
    return finishInSlices(checkContent(content.value, team, passes), slices);
  });
}
