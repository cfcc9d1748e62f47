import { PUSHGATEWAYS, type PushgatewayVersion } from '../../test/support/pushgateway.ts';
import { SECTIONS } from '../requests/all.ts';
import type { ComparedRequest } from '../requests/request.ts';
import { judge, type Verdict } from './judge.ts';
import { type Observation, observe } from './observe.ts';
import type { ProxyName } from './proxies.ts';
import { judgeScrapes } from './scrape-judge.ts';
import { type Stage, startStage } from './stage.ts';

/** What a proxy made of a request in front of a Pushgateway. */
export interface Result extends Verdict {
  readonly request: string;
  readonly proxy: ProxyName;
  readonly pushgateway: PushgatewayVersion;
}

interface Run {
  readonly request: ComparedRequest;
  readonly proxy: ProxyName;
  readonly pushgateway: PushgatewayVersion;
  readonly observation: Observation;
}

/** Sends every request to each of the proxies, in front of a Pushgateway of each version. */
export async function compare(
  proxies: readonly ProxyName[],
  progress: (line: string) => void = () => {},
): Promise<readonly Result[]> {
  const runs: Run[] = [];
  for (const proxy of proxies) {
    progress(`${proxy} in front of Pushgateway ${PUSHGATEWAYS.join(' and ')}`);
    const both = await Promise.all(PUSHGATEWAYS.map((version) => runAll(proxy, version)));
    runs.push(...both.flat());
  }
  progress('the scrapes, by Prometheus');
  const refusedBy = await judgeScrapes(runs.map(({ observation }) => observation.scrape.body));
  return runs.map(({ request, proxy, pushgateway, observation }) => ({
    request: request.name,
    proxy,
    pushgateway,
    ...judge(request, observation, refusedBy),
  }));
}

async function runAll(proxy: ProxyName, pushgateway: PushgatewayVersion): Promise<readonly Run[]> {
  const runs: Run[] = [];
  let stage: Stage | undefined;
  try {
    for (const request of SECTIONS.flatMap(({ requests }) => requests)) {
      stage ??= await startStage(proxy, pushgateway);
      const observation = await observe(stage, request);
      runs.push({ request, proxy, pushgateway, observation });
      // What has ended or hangs is no fresh store for the next request.
      if (observation.canOthersPush && observation.scrape.status === 200) continue;
      await stage[Symbol.asyncDispose]();
      stage = undefined;
    }
  } finally {
    await stage?.[Symbol.asyncDispose]();
  }
  return runs;
}
