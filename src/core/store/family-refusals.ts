import { type Deny, deny } from '../decision.ts';
import type { PushedFamily } from '../exposition/push-content.ts';
import { renderQuoted } from '../printable.ts';

/** Where the caller's own team has the family that is in the way. */
interface OwnGroup {
  readonly team: string;
  /** Canonical path. */
  readonly group: string;
}

/**
 * Refuses a family because of one that is stored. The other team is never named, the group only to
 * the team that pushed to it.
 */
export function denyClash(pushed: PushedFamily, stored: PushedFamily, own?: OwnGroup): Deny {
  const detail =
    pushed.name === stored.name
      ? `metric ${renderQuoted(pushed.name)} is stored as ${stored.type}, not ${pushed.type}`
      : `${pushed.type} ${renderQuoted(pushed.name)} clashes with ${stored.type} ${renderQuoted(stored.name)}`;
  const hint =
    own === undefined
      ? 'another group has it: rename your metric'
      : `your team ${own.team} stored it in ${own.group}: delete that group, or rename one of them`;
  return deny('inconsistent', { detail, hints: [hint] });
}

/** Refuses a native histogram that the store would not keep. */
export function denyNative({ name }: PushedFamily): Deny {
  return deny('body_invalid', {
    detail: `${renderQuoted(name)} is a native histogram, which this Pushgateway does not keep`,
    hints: ['push it with classic buckets, or have Pushgateway updated to 1.5.1 or later'],
  });
}
