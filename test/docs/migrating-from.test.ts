import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSync } from '@node-rs/bcrypt';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { type ListeningProcess, startListeningProcess } from '../support/listening-process.ts';
import { pushgatewayMissing } from '../support/pushgateway.ts';
import { createScratch } from '../support/scratch.ts';
import { readProjectFile } from './markdown.ts';
import { assertPrinted, type Block, findPort, PageLab, readBlocks } from './page-lab.ts';

/** The ways from nginx, from a web configuration and from vmauth, as they stand on the page. */

const PAGE = readProjectFile('docs/operate/migrating.md');
const PASSWORD = 'correct horse';
const TOKEN = 'a-token-of-vmauth';
const HASH = hashSync(PASSWORD, { cost: 4 }).replace(/^\$2\w\$/, '$2y$');
/** Debian's keeps what it holds in a file of the system unless told otherwise. */
const PUSHGATEWAY = 'pushgateway --web.listen-address=127.0.0.1:9092 --persistence.file=';

interface Origin {
  readonly heading: string;
  /** What lies there before the first step. */
  readonly files: Readonly<Record<string, string>>;
  readonly flags?: string;
  /** What is asked of Pushgateway itself. */
  readonly login?: readonly string[];
  /** What runs before the first step. */
  readonly before?: (lab: PageLab) => Promise<ListeningProcess<unknown>>;
}

const NGINX_BLOCK = /^```nginx\n(location \/metrics \{[\s\S]*?)^```$/m;

async function startNginx(lab: PageLab): Promise<ListeningProcess<unknown>> {
  const [, location = ''] = NGINX_BLOCK.exec(PAGE) ?? [];
  const { path } = lab.scratch;
  await lab.scratch.write('push.conf', lab.place(location));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // workers may read what only the test may read
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await lab.scratch.write(
    'nginx.conf',
    `${user} pid ${path}/nginx.pid; error_log stderr notice; daemon off; worker_processes 1; events {}
     http { access_log off; ${temporary.map((name) => `${name}_temp_path ${path}/${name};`).join(' ')}
     server { listen ${lab.place('push.example.com:8080')}; include ${path}/push.conf; } }`,
  );
  const args = ['-p', path, '-c', `${path}/nginx.conf`];
  return startListeningProcess<unknown>({ command: '/usr/sbin/nginx', args, ready: () => true });
}

const ORIGINS: readonly Origin[] = [
  {
    heading: 'From nginx with htpasswd',
    files: { 'push.htpasswd': `payments:${HASH}\n` },
    before: startNginx,
  },
  {
    heading: 'From `--web.config.file`',
    files: {
      'web.yml': `basic_auth_users:\n  gateway: ${HASH}\n  payments: ${HASH}\n`,
      'upstream.secret': PASSWORD,
    },
    flags: '--web.config.file=web.yml',
    login: ['--user', `payments:${PASSWORD}`],
  },
  { heading: 'From vmauth', files: {} },
];

/** What an operator pastes where the page has examples. */
async function fillIn(lab: PageLab, yaml: string): Promise<string> {
  const hash = await lab.read('payments.hash').catch(() => HASH);
  const digest = await lab.read('ci.sha256').catch(() => '');
  return lab
    .place(yaml)
    .replace(/(password_hash: )"[^"]*"/, (_, before) => `${before}"${hash.trim()}"`)
    .replace(/(sha256: )"[^"]*"/, (_, before) => `${before}"${digest.slice(0, 64)}"`);
}

async function step(lab: PageLab, block: Block, next: Block | undefined): Promise<void> {
  const printed = await lab.run(block.text);
  if (next?.kind === 'text') assertPrinted(printed, next.text);
  if (!block.text.includes('nginx -s reload')) return;
  // its new workers take over when they are ready
  await eventually('nginx to ask the gateway', async () => {
    const answer = await fetch(lab.place('http://push.example.com:8080/metrics'), {
      headers: { authorization: `Basic ${Buffer.from(`payments:${PASSWORD}`).toString('base64')}` },
    }).catch(() => undefined); // cut by the end of its old configuration
    return answer?.headers.has('x-request-id') || undefined;
  });
}

for (const { heading, files, flags = '', login = [], before } of ORIGINS) {
  test(`${heading}: every step of the page holds`, {
    skip: pushgatewayMissing('1.11'),
  }, async () => {
    const blocks = readBlocks(PAGE).filter((block) => block.heading === heading);
    assert.ok(blocks.filter(({ kind }) => kind === 'sh run').length >= 3);
    await using scratch = await createScratch();
    await using stack = new AsyncDisposableStack();
    const ports = [await findPort(), await findPort(), await findPort(), await findPort()];
    const { path } = scratch;
    const lab = await PageLab.open(
      scratch,
      [
        ['127.0.0.1:9092', `127.0.0.1:${ports[0]}`],
        ['127.0.0.1:9091', `127.0.0.1:${ports[1]}`],
        ['127.0.0.1:9095', `127.0.0.1:${ports[2]}`],
        ['push.example.com:8080', `127.0.0.1:${ports[3]}`],
        ['nginx -s', `/usr/sbin/nginx -p ${path} -c ${path}/nginx.conf -s`],
        ['/etc/nginx/', `${path}/`],
      ],
      { PASSWORD, TOKEN },
    );
    for (const [name, content] of Object.entries(files)) await scratch.write(name, content);
    stack.use(await lab.start(`${PUSHGATEWAY} ${flags}`.trim()));
    if (before !== undefined) {
      const program = await before(lab);
      stack.defer(async () => void (await program.stop('SIGTERM'))); // with its workers
    }
    const target = lab.place('http://127.0.0.1:9092/metrics/job/settlement');
    const first = await curl([...login, '--data-binary', 'settlement_rows 1\n', target]);
    assert.equal(first.status, 200);
    for (const [at, block] of blocks.entries()) {
      const { kind, text } = block;
      if (/^yaml (?!config)/.test(kind)) {
        await scratch.write('pushwarden.yaml', await fillIn(lab, text));
      }
      if (kind === 'sh start') stack.use(await lab.start(text));
      if (kind === 'sh run') await step(lab, block, blocks[at + 1]);
    }
    const scrape = await curl([...login, lab.place('http://127.0.0.1:9092/metrics')]);
    assert.match(scrape.body, /^settlement_rows\{instance="",job="settlement"\} 42$/m);
  });
}
