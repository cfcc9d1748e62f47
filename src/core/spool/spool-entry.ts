import type { MediaType } from '../exposition/media-type.ts';
import type { GroupId } from '../store/group.ts';

/** A push or delete that is kept on disk; its body is left there. */
export interface SpoolEntry extends SpooledRequest {
  /** Its place: what was acknowledged later has a higher one. */
  readonly seq: number;
  /** `waiting`: to be sent; `stored`: the upstream has it, unless it starts anew with less. */
  readonly state: 'waiting' | 'stored';
  /** Since when it may be in the store, milliseconds since the epoch; undefined: it was not sent. */
  readonly sentAt: number | undefined;
  /** When the upstream had acknowledged it; undefined while that never happened. */
  readonly storedAt: number | undefined;
}

/** What is known of a push or delete without its body. */
export interface SpooledRequest {
  readonly group: GroupId;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly mediaType: MediaType;
  /** Names of the families that it brings. */
  readonly families: readonly string[];
  readonly requestId: string;
  readonly team: string;
  readonly credential: string;
  /** When every check had allowed it, milliseconds since the epoch. */
  readonly at: number;
  /** What it takes of the disk. */
  readonly bytes: number;
}

/** What an entry takes beside its body: its row, and its share of the pages. */
const ROW_BYTES = 512;

/** What a push or delete with a body of this size takes of the disk, names included. */
export function sizeOfEntry(bodyBytes: number, families: readonly string[]): number {
  return families.reduce((sum, name) => sum + name.length + 3, ROW_BYTES + bodyBytes);
}

/**
 * Whether an earlier push of a group leaves nothing in the store once a later one is there: a PUT or
 * a DELETE takes the place of everything, a POST that of the families that it has.
 */
export function covers(
  later: Pick<SpooledRequest, 'method' | 'families'>,
  earlier: Pick<SpooledRequest, 'method' | 'families'>,
): boolean {
  if (later.method !== 'POST') return true;
  // A PUT also emptied the group: that is not in a POST.
  if (earlier.method !== 'POST') return false;
  const names = new Set(later.families);
  return earlier.families.every((name) => names.has(name));
}

/** Of the pushes at the end of what waits, before which is no DELETE and no sending: what is covered. */
export function listReplaced(
  waiting: readonly SpoolEntry[],
  request: SpooledRequest,
): readonly SpoolEntry[] {
  if (request.method === 'DELETE') return [];
  const firm = waiting.findLastIndex(
    ({ method, sentAt }) => method === 'DELETE' || sentAt !== undefined,
  );
  return waiting.slice(firm + 1).filter((earlier) => covers(request, earlier));
}
