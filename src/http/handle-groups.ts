import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadScope } from '../core/policy/read-scope.ts';
import { describeGroup, labelsOf } from '../core/store/group-listing.ts';
import type { GroupStore } from '../core/store/group-store.ts';
import type { GatewayRequest } from '../pipeline/gateway-request.ts';
import { exchangeOf } from './receive.ts';
import type { HeaderValues } from './security-headers.ts';

interface GroupsRead {
  readonly store: GroupStore;
  readonly scope: ReadScope;
  readonly request: GatewayRequest;
  readonly headers: HeaderValues;
}

/** Groups that are rendered before others have their turn. */
const SLICE = 200;

/** Answers with the groups that are in the scope; they are rendered as the caller takes them. */
export async function handleGroups({ store, scope, request, headers }: GroupsRead): Promise<void> {
  const { res } = exchangeOf(request);
  res.writeHead(200, {
    ...headers,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  try {
    await pipeline(Readable.from(renderListing(store, scope)), res);
  } catch {
    res.destroy(); // the caller has left
  }
}

async function* renderListing(store: GroupStore, scope: ReadScope): AsyncGenerator<string> {
  yield '{"status":"success","data":[';
  let separator = '';
  const ids: string[] = [];
  for (const group of store.groups()) if (scope.sees(labelsOf(group))) ids.push(group.id);
  for (let start = 0; start < ids.length; start += SLICE) {
    let slice = '';
    for (const id of ids.slice(start, start + SLICE)) {
      const group = store.group(id);
      if (group === undefined) continue;
      slice += separator + JSON.stringify(describeGroup(group, undefined));
      separator = ',';
    }
    yield slice;
    await nextTurn();
  }
  yield ']}\n';
}
