import { text } from 'node:stream/consumers';
import type { LiveGroup } from '../../core/compare/live-group.ts';
import { METRIC_TYPES } from '../../core/exposition/push-content.ts';
import type { ListedGroup } from '../../core/store/group-listing.ts';
import { createJsonPieces } from '../../core/store/json-pieces.ts';
import { renderPushTarget } from '../../core/target/grouping-key.ts';
import { openAnswer } from '../../upstream/open-answer.ts';
import { describeNetworkError } from '../describe-network-error.ts';
import type { LiveStore } from './live-store.ts';

/** The answer of `GET /-/groups`: an object with a list of groups, each of them one piece. */
const LIST = 2;
const TYPES = new Map([...METRIC_TYPES, 'native_histogram' as const].map((type) => [type, type]));

/** Reads the store as the admin side of a running gateway tells it: groups and their families. */
export function createAdminStore(url: string): LiveStore {
  return {
    unseen: ['label values and names of single series', 'series that two groups have'],
    async *groups() {
      try {
        yield* listGroups(url);
      } catch (error) {
        const { host } = new URL(url);
        if (error instanceof SyntaxError) {
          throw new Error(`${host}: the answer is no listing of groups: is this the admin side?`);
        }
        throw error instanceof Error ? new Error(describeNetworkError(error, new URL(url))) : error;
      }
    },
    own: async () => [],
  };
}

async function* listGroups(url: string): AsyncGenerator<readonly LiveGroup[]> {
  const answer = await openAnswer({ url }, '/-/groups', 'application/json');
  if (answer.statusCode !== 200) {
    const said = (await text(answer)).trim().slice(0, 200);
    throw new Error(`/-/groups answers ${answer.statusCode}: ${said}`);
  }
  let groups: LiveGroup[] = [];
  const pieces = createJsonPieces(LIST, {
    open: () => undefined,
    close: () => undefined,
    key: () => undefined,
    text: () => undefined,
    // of a gateway, whose form is promised
    piece: (value) => groups.push(toLiveGroup(value as ListedGroup)),
  });
  for await (const chunk of answer) {
    pieces.add(chunk);
    yield groups;
    groups = [];
  }
  pieces.end();
}

function toLiveGroup({ job, grouping_key, pushed_at, failed_at, bytes, families }: ListedGroup) {
  const labels = Object.entries(grouping_key).map(([name, value]) => ({ name, value }));
  const key = { job, labels: labels.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  return {
    id: renderPushTarget(key),
    key,
    bytes,
    pushedAt: toTime(pushed_at),
    failedAt: toTime(failed_at),
    families: families.map(({ name, type, series }) => ({
      name,
      type: TYPES.get(type as never) ?? 'untyped',
      isTyped: true,
      series,
      bytes: 0,
      identities: [],
    })),
  };
}

function toTime(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time);
}
