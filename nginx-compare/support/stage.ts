import type { Contender } from '../../bench/support/contender.ts';
import {
  type Pushgateway,
  type PushgatewayVersion,
  startPushgateway,
} from '../../test/support/pushgateway.ts';
import { SEEDS } from '../requests/request.ts';
import { type ProxyName, startProxy } from './proxies.ts';

/** A Pushgateway of its own behind a proxy. */
export interface Stage extends AsyncDisposable {
  readonly pushgateway: Pushgateway;
  readonly proxy: Contender;
}

/** Milliseconds in which a healthy Pushgateway answers. */
const ANSWER_MS = 5000;

/** The job that another team pushes to after every request; it sorts behind everything else. */
export const CANARY = 'zzz_canary';
const CANARY_TARGETS = [
  `/metrics/job/${CANARY}`,
  `/metrics/job@base64/${Buffer.from(CANARY).toString('base64url')}`,
];

/** Starts both, the admin and the lifecycle API of Pushgateway switched on. */
export async function startStage(proxy: ProxyName, version: PushgatewayVersion): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const pushgateway = stack.use(
    await startPushgateway({ version, args: ['--web.enable-lifecycle'] }),
  );
  const contender = stack.use(await startProxy(proxy, { upstream: pushgateway.url }));
  const owned = stack.move();
  return { pushgateway, proxy: contender, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Leaves nothing in the store but the seeds. */
export async function seed({ pushgateway }: Stage): Promise<void> {
  await pushgateway.wipe();
  for (const { target, body } of Object.values(SEEDS)) {
    if (!(await canPush(pushgateway, target, body))) throw new Error(`${target} is not stored`);
  }
}

/** Whether another team can push still, past the proxy, in both forms of a job. */
export async function canOthersPush({ pushgateway }: Stage): Promise<boolean> {
  const pushes = CANARY_TARGETS.map((target) => canPush(pushgateway, target, `${CANARY} 1\n`));
  return (await Promise.all(pushes)).every(Boolean);
}

async function canPush({ url }: Pushgateway, target: string, body: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(url + target, { method: 'PUT', body, signal }).catch(() => undefined);
  return answer?.status === 200;
}
