import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadScope } from '../core/policy/read-scope.ts';
import type { GroupExpiry } from '../core/store/expiry.ts';
import { describeGroup, labelsOf } from '../core/store/group-listing.ts';
import type { StoreView } from '../core/store/joined-stores.ts';
import type { GatewayRequest } from '../pipeline/gateway-request.ts';
import { exchangeOf } from './receive.ts';
import type { HeaderValues } from './security-headers.ts';

/** Which groups are listed. */
type Scope = Pick<ReadScope, 'sees'>;

interface GroupsRead {
  readonly store: Pick<StoreView, 'groups' | 'group'>;
  readonly scope: ReadScope;
  readonly expiry: GroupExpiry;
  readonly request: GatewayRequest;
  readonly headers: HeaderValues;
}

/** Groups that are rendered before others have their turn. */
const SLICE = 200;

/** Answers with the groups that are in the scope. */
export async function handleGroups({ request, ...read }: GroupsRead): Promise<void> {
  await writeGroups(exchangeOf(request).res, read);
}

/** Writes the answer that lists the groups; they are rendered as the caller takes them. */
export async function writeGroups(
  res: ServerResponse,
  {
    store,
    scope,
    expiry,
    headers,
  }: Omit<GroupsRead, 'request' | 'scope'> & { readonly scope: Scope },
): Promise<void> {
  res.writeHead(200, {
    ...headers,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  try {
    await pipeline(Readable.from(renderListing(store, scope, expiry)), res);
  } catch {
    res.destroy(); // the caller has left
  }
}

async function* renderListing(
  store: GroupsRead['store'],
  scope: Scope,
  expiry: GroupExpiry,
): AsyncGenerator<string> {
  yield '{"status":"success","data":[';
  let separator = '';
  const ids: string[] = [];
  for (const group of store.groups()) if (scope.sees(labelsOf(group))) ids.push(group.id);
  for (let start = 0; start < ids.length; start += SLICE) {
    let slice = '';
    for (const id of ids.slice(start, start + SLICE)) {
      const group = store.group(id);
      if (group === undefined) continue;
      slice += separator + JSON.stringify(describeGroup(group, expiry(group)));
      separator = ',';
    }
    yield slice;
    await nextTurn();
  }
  yield ']}\n';
}
