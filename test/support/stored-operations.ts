import assert from 'node:assert/strict';
import { CONTENT_TYPES } from '../../src/core/exposition/media-type.ts';
import type { Pushgateway } from './pushgateway.ts';
import {
  type OperationFamily,
  renderBody,
  SimulatedStore,
  type StoreOperation,
} from './store-operations.ts';
import { tokenCredential } from './test-credential.ts';

const TOKEN = tokenCredential('nightly');
const WIDE = { rate: '100000/s', burst: 100_000, concurrent: 1000, groups: 100_000 };

/** The one team of a gateway before which operations are tried. */
export const STORE_TEAM = {
  batch: { jobs: ['*'], allow: ['push', 'delete'], limits: WIDE, credentials: [TOKEN.spec] },
};

/** What is sent to a group. */
export interface StorePush {
  /** Path behind `/metrics/job/`. */
  readonly group: string;
  readonly body: string | Buffer;
  /** Text unless given. */
  readonly contentType?: string;
}

interface StoreAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends a push or delete to a gateway, or to a Pushgateway. */
export async function sendTo(
  url: string,
  method: string,
  { group, body, contentType = CONTENT_TYPES.text }: StorePush,
): Promise<StoreAnswer> {
  const answer = await fetch(`${url}/metrics/job/${group}`, {
    method,
    headers: { authorization: TOKEN.authorization, 'content-type': contentType },
    ...(method !== 'DELETE' && { body }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** The same of an operation. */
export function sendOperation(url: string, operation: StoreOperation): Promise<StoreAnswer> {
  const { method, group } = operation;
  return sendTo(url, method, { group, body: renderBody(operation) });
}

/** Deletes groups. */
export async function clearGroups(url: string, groups: Iterable<string>): Promise<void> {
  for (const group of groups) await sendTo(url, 'DELETE', { group, body: '' });
}

/** The push with the types that its families have in the store: what was left open was taken over. */
export async function takeTypes(
  { scrape }: Pushgateway,
  operation: StoreOperation,
): Promise<StoreOperation> {
  const { body } = await scrape();
  const types = new Map(
    [...body.matchAll(/^# TYPE (\S+) (gauge|counter|untyped)$/gm)].map(([, name, type]) => [
      name,
      type as 'gauge' | 'counter' | 'untyped', // so the expression says
    ]),
  );
  return {
    ...operation,
    families: operation.families.map((one) => ({ ...one, type: one.type ?? types.get(one.name) })),
  };
}

/** A group as `/api/v1/metrics` lists it: families beside its labels and the last push. */
interface ListedGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly [family: string]: unknown;
}

interface ListedFamily {
  readonly type: string;
  readonly metrics: readonly { readonly labels?: Readonly<Record<string, string>> }[];
}

/** What a Pushgateway holds of operations. */
export async function readOperations({ url }: Pushgateway): Promise<SimulatedStore> {
  const answer = await fetch(`${url}/api/v1/metrics`);
  const { data } = (await answer.json()) as { readonly data: readonly ListedGroup[] }; // its API v1
  return new SimulatedStore(
    new Map(
      data.map((group) => {
        const families = Object.entries(group).flatMap(([name, value]) => {
          const family = readFamily(name, value, group.labels);
          return family === undefined ? [] : [[name, family] as const];
        });
        return [pathOf(group.labels), new Map(families)];
      }),
    ),
  );
}

function readFamily(
  name: string,
  value: unknown,
  key: Readonly<Record<string, string>>,
): OperationFamily | undefined {
  const isOther = name === 'labels' || /^push_(failure_)?time_seconds$/.test(name);
  if (isOther || typeof value !== 'object' || value === null) return undefined;
  const { type, metrics } = value as ListedFamily; // what is neither a label nor a time
  assert.equal(metrics.length, 1, `${name} is of no operation`);
  const pairs = Object.entries(metrics[0]?.labels ?? {});
  const labels = Object.fromEntries(pairs.filter(([label]) => !(label in key)));
  return { name, type: type.toLowerCase() as OperationFamily['type'], labels };
}

function pathOf({ job = '', ...labels }: Readonly<Record<string, string>>): string {
  return [job, ...Object.entries(labels).sort().flat()].join('/');
}

/** Has a Pushgateway hold just that. */
export async function mirror(stored: SimulatedStore, to: Pushgateway): Promise<void> {
  await to.wipe();
  for (const [group, families] of stored.groups) {
    const operation = { method: 'PUT', group, families: [...families.values()] } as const;
    if (families.size === 0) continue;
    const { status, text } = await sendOperation(to.url, operation);
    assert.equal(status, 200, text);
  }
}
