import { createHash } from 'node:crypto';

interface DemoConfigOptions {
  readonly listen: string;
  readonly upstream: { readonly url: string } | { readonly spawn: { readonly command: string } };
  readonly tokens: DemoTokens;
}

/** The token of each team of the demo. */
export interface DemoTokens {
  /** May do everything on any job. */
  readonly demo: string;
  /** May push to its own jobs only. */
  readonly payments: string;
}

/** Renders the configuration file of a demo. */
export function renderDemoConfig({ listen, upstream, tokens }: DemoConfigOptions): string {
  const config = {
    listen,
    admin: { listen: '127.0.0.1:0' },
    upstream,
    teams: {
      // first: of two teams that may push a group, the one above owns it
      payments: {
        jobs: ['settlement', 'payments_*'],
        credentials: [renderCredential('payments', tokens.payments)],
      },
      demo: {
        jobs: ['*'],
        allow: ['push', 'delete', 'read'],
        credentials: [renderCredential('demo', tokens.demo)],
      },
    },
    audit: { file: './audit.jsonl' },
  };
  return `# JSON is YAML, too.\n${JSON.stringify(config, null, 2)}\n`;
}

function renderCredential(name: string, token: string) {
  return { type: 'token', name, sha256: createHash('sha256').update(token).digest('hex') };
}
