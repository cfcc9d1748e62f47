import { createHash } from 'node:crypto';

interface DemoConfigOptions {
  readonly listen: string;
  readonly upstream: { readonly url: string } | { readonly spawn: { readonly command: string } };
  readonly token: string;
}

/** Renders the configuration file of a demo: one team that may do everything on any job. */
export function renderDemoConfig({ listen, upstream, token }: DemoConfigOptions): string {
  const sha256 = createHash('sha256').update(token).digest('hex');
  const config = {
    listen,
    admin: { listen: '127.0.0.1:0' },
    upstream,
    teams: {
      demo: {
        jobs: ['*'],
        allow: ['push', 'delete', 'read'],
        credentials: [{ type: 'token', name: 'demo', sha256 }],
      },
    },
    audit: { file: './audit.jsonl' },
  };
  return `# JSON is YAML, too.\n${JSON.stringify(config, null, 2)}\n`;
}
