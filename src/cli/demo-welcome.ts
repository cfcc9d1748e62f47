import type { RunningGateway } from '../compose.ts';
import type { DemoUpstream } from '../demo/demo-upstream.ts';
import { VERSION } from '../version.ts';

/** What a demo has to show. */
export interface DemoWelcome {
  readonly gateway: Pick<RunningGateway, 'listenUrl' | 'adminUrl'>;
  readonly upstream: DemoUpstream;
  readonly token: string;
  /** Of the configuration and the audit log. */
  readonly folder: string;
}

const STORE_BANNER = `
  **************************************************************************
  *  DEMO STORE: this is not Pushgateway. None was found and none could be *
  *  fetched, so a small imitation inside this process takes its place:    *
  *  text format only, in memory only, for trying out only.                *
  **************************************************************************
`;

/** Renders what a newcomer needs: where everything is, and two lines that work when pasted. */
export function renderDemoWelcome({ gateway, upstream, token, folder }: DemoWelcome): string {
  const { listenUrl: url, adminUrl } = gateway;
  const header = `-H "Authorization: Bearer ${token}"`;
  const push = `curl ${header} --data-binary @- ${url}/metrics/job/batch_job`;
  return `${upstream.kind === 'store' ? STORE_BANNER : ''}
  pushwarden ${VERSION}, demo mode: everything ends with Ctrl-C

  gateway    ${url}
  upstream   ${renderUpstream(upstream)}
  team       demo: may push, delete and read on every job
  token      ${token}
  page       ${url}/ui/ (sign in with the token)
  metrics    ${adminUrl}/metrics
  files      ${folder}: pushwarden.yaml, audit.jsonl

Push a value:

  echo "batch_job_duration_seconds 42" | ${push}

See it:

  curl -s ${header} ${url}/metrics | grep batch_job
`;
}

function renderUpstream(upstream: DemoUpstream): string {
  switch (upstream.kind) {
    case 'url':
      return `Pushgateway ${upstream.version} at ${upstream.url}`;
    case 'program':
      return `Pushgateway ${upstream.version}, private: ${upstream.command} (${upstream.origin})`;
    case 'store':
      return 'demo store, not Pushgateway';
  }
}
