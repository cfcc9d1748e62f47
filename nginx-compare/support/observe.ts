import { exchange, finalAnswer, type RawAnswer } from '../../test/support/raw-http.ts';
import type { ComparedRequest, Group } from '../requests/request.ts';
import { CANARY, canOthersPush, type Stage, seed } from './stage.ts';

/** What came of a request. */
export interface Observation {
  /** Statuses of the answers; 0 where the connection ended without one. */
  readonly statuses: readonly number[];
  /** Bodies of the answers. */
  readonly shown: string;
  /** What the store holds, without the canary; undefined when Pushgateway cannot say. */
  readonly groups: readonly Group[] | undefined;
  /** Whether another team can push still. */
  readonly canOthersPush: boolean;
  readonly scrape: Scrape;
}

/** What Prometheus would get. */
interface Scrape {
  /** 0 when Pushgateway does not answer. */
  readonly status: number;
  readonly body: Buffer;
  /** Whether what sorts last is in it. */
  readonly isWhole: boolean;
}

/** Milliseconds until a request that is not answered counts as such. */
const ANSWER_MS = 10_000;

/** Sends a request to a proxy in front of a store with nothing but the seeds in it. */
export async function observe(stage: Stage, request: ComparedRequest): Promise<Observation> {
  await seed(stage);
  for (const { from, send } of request.before) await sendRaw(stage, from, send, false);
  const { from, sends, isCut } = request;
  const answers = await Promise.all(sends.map((send) => sendRaw(stage, from, send, isCut)));
  const others = await canOthersPush(stage);
  return {
    statuses: answers.map((answer) => answer?.status ?? 0),
    shown: answers.map((answer) => answer?.body.toString() ?? '').join('\n'),
    groups: await listGroups(stage),
    canOthersPush: others,
    scrape: await scrape(stage),
  };
}

async function sendRaw(
  { proxy }: Stage,
  localAddress: string,
  send: Buffer,
  halfClose: boolean,
): Promise<RawAnswer | undefined> {
  const { answers } = await exchange({
    port: Number(new URL(proxy.url).port),
    localAddress,
    send,
    halfClose,
    timeoutMs: ANSWER_MS,
    head: send.subarray(0, 5).toString() === 'HEAD ',
  });
  return finalAnswer(answers);
}

async function listGroups({ pushgateway }: Stage): Promise<readonly Group[] | undefined> {
  const groups = await pushgateway.groups().catch(() => undefined);
  return groups
    ?.filter(({ labels }) => labels['job'] !== CANARY)
    .map(({ labels, families }) => ({ labels, families: families.toSorted() }));
}

/** As bytes: not every text that Pushgateway takes is UTF-8. */
async function scrape({ pushgateway }: Stage): Promise<Scrape> {
  const answer = await fetch(`${pushgateway.url}/metrics`).catch(() => undefined);
  const body = Buffer.from((await answer?.arrayBuffer()) ?? new ArrayBuffer(0));
  return { status: answer?.status ?? 0, body, isWhole: body.includes(`\n${CANARY}{`) };
}
