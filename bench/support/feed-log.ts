import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { FamilyContent } from '../../src/core/exposition/push-content.ts';
import { encodeOperation, type OperationBody } from '../../src/core/store/replica/operation.ts';
import type { LogMembership } from '../../src/pipeline/shared-state.ts';

/** Pushes that somebody else makes up. */
export interface Feed {
  readonly groups: number;
  /** Of each group, and of each push: all of it is pushed again. */
  readonly series: number;
  /** Pushes a second; 0 for as fast as they are taken. */
  readonly rate: number;
  readonly pushes: number;
  /** Claims, or ends, that a gateway sends together. */
  readonly together: number;
}

const TICK_MS = 10;
const PUSHGATEWAY_MS = 2;

/** Writes claims and their ends to a log as gateways under load do; nothing is pushed anywhere. */
export async function feedLog(membership: LogMembership, feed: Feed): Promise<void> {
  let requests = 0;
  const append = (body: OperationBody): Promise<void> => {
    requests += 1;
    return membership.append(encodeOperation({ ...body, request: requests }));
  };
  const pushTogether = async (from: number, count: number): Promise<void> => {
    const claims: number[] = [];
    const sent: Promise<void>[] = [];
    for (let index = from; index < from + count; index += 1) {
      sent.push(append({ kind: 'claim', push: pushOf(feed, (index * 7919) % feed.groups) }));
      claims.push(requests);
    }
    await Promise.all(sent);
    await wait(PUSHGATEWAY_MS);
    await Promise.all(claims.map((claim) => append({ kind: 'settle', claim, end: 'stored' })));
  };
  const begun = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let done = 0; done < feed.pushes; ) {
    const elapsed = performance.now() - begun;
    const due = feed.rate === 0 ? done + feed.together : (elapsed * feed.rate) / 1000;
    while (done < Math.min(due, feed.pushes)) {
      const pushing = pushTogether(done, Math.min(feed.together, feed.pushes - done));
      done += feed.together;
      underWay.add(pushing);
      void pushing.finally(() => underWay.delete(pushing));
      await setImmediate(); // what comes together is one turn of the event loop
    }
    if (feed.rate === 0 && underWay.size > 20) await Promise.race(underWay);
    else await wait(feed.rate === 0 ? 0 : TICK_MS);
  }
  await Promise.all(underWay);
}

function pushOf({ series }: Feed, group: number) {
  return {
    ...{ team: 'bench', credential: 'ci', method: 'POST' as const, isObserved: false },
    ...{ group: `/metrics/job/bench/instance/${group}`, at: Date.now() },
    content: { families: [familyOf(group, series)] },
  };
}

/** Hashes as if there were series. */
function familyOf(group: number, series: number): FamilyContent {
  const identities = Array.from({ length: 2 * series }, (_, index) => mix(group, index));
  const size = { series, bytes: 60 * series, identities };
  return { name: 'bench_rows', type: 'gauge', isTyped: true, ...size };
}

/** @see https://github.com/aappleby/smhasher MurmurHash3, `fmix32` */
function mix(group: number, index: number): number {
  let hash = Math.imul(group + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
