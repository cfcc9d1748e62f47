import type { RunningGateway } from '../compose/compose.ts';
import type { DemoTokens } from '../demo/demo-config.ts';
import type { DemoUpstream } from '../demo/demo-upstream.ts';
import { VERSION } from '../version.ts';

/** What a demo has to show. */
export interface DemoWelcome {
  readonly gateway: Pick<RunningGateway, 'listenUrl' | 'adminUrl'>;
  readonly upstream: DemoUpstream;
  readonly tokens: DemoTokens;
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

/** Renders what a newcomer needs: where everything is, and lines to paste, one after the other. */
export function renderDemoWelcome({ gateway, upstream, tokens, folder }: DemoWelcome): string {
  const { listenUrl: url, adminUrl } = gateway;
  const header = (token: string) => `-H "Authorization: Bearer ${token}"`;
  const push = (token: string, job: string) =>
    `curl ${header(token)} --data-binary @- ${url}/metrics/job/${job}`;
  return `${upstream.kind === 'store' ? STORE_BANNER : ''}
  pushwarden ${VERSION}, demo mode: everything ends with Ctrl-C

  gateway    ${url}
  upstream   ${renderUpstream(upstream)}
  team       demo: may push, delete and read on every job
  token      ${tokens.demo}
  team       payments: may push and read on the jobs settlement and payments_*
  token      ${tokens.payments}
  page       ${url}/ui/ (open it in a browser, put a token into the field, sign in)
  metrics    ${adminUrl}/metrics
  files      ${folder}: pushwarden.yaml, audit.jsonl

Push a value:

  echo "batch_job_duration_seconds 42" | ${push(tokens.demo, 'batch_job')}

See it:

  curl -s ${header(tokens.demo)} ${url}/metrics | grep batch_job

Push it as the other team, whose job it is not: refused, and the answer says why:

  echo "batch_job_duration_seconds 1" | ${push(tokens.payments, 'batch_job')}

Push it with another type than the stored one: refused before it can do harm:

  printf '# TYPE batch_job_duration_seconds counter\\nbatch_job_duration_seconds 1\\n' | ${push(tokens.demo, 'other_job')}

Push from Python (pip install prometheus-client, or apt install python3-prometheus-client), with the token as the password:

  ${renderPython(url, tokens.payments)}

What happens:
`;
}

function renderPython(url: string, token: string): string {
  const lines = [
    'from prometheus_client import CollectorRegistry, Gauge, push_to_gateway',
    'from prometheus_client.exposition import basic_auth_handler as login',
    'registry = CollectorRegistry()',
    'Gauge("payments_rows", "Rows settled.", registry=registry).set(7)',
    `push_to_gateway("${url}", "settlement", registry, handler=lambda **to: login(**to, username="payments", password="${token}"))`,
  ];
  return `python3 -c '${lines.join('; ')}'`;
}

/** Renders what has ended with a demo, and what has not. */
export function renderDemoGoodbye({ upstream, folder }: Omit<DemoWelcome, 'gateway' | 'tokens'>) {
  return `
Stopped. Removed: ${folder} with the configuration and the audit log; the tokens are good for nothing now.
${renderEndOf(upstream)}`;
}

function renderEndOf(upstream: DemoUpstream): string {
  switch (upstream.kind) {
    case 'url':
      return `Not removed: what was pushed to the Pushgateway at ${upstream.url}.`;
    case 'program': {
      const end = 'The private Pushgateway has ended, and what was pushed has gone with it.';
      const isFetched = upstream.origin.startsWith('fetched');
      return isFetched ? `${end}\nKept for the next demo: ${upstream.command}` : end;
    }
    case 'store':
      return 'What was pushed was in memory only, and has gone.';
  }
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
