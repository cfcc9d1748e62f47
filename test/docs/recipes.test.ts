import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hashSync } from '@node-rs/bcrypt';
import { parse } from 'yaml';
import { createAuthority } from '../support/certificates.ts';
import { compileGo } from '../support/compiler.ts';
import { type GatewayDocument, startGateway, type TestGateway } from '../support/gateway.ts';
import { type IssuerServer, startIssuerServer } from '../support/issuer-server.ts';
import { missingPrograms } from '../support/program.ts';
import { pushgatewayMissing, startPushgateway } from '../support/pushgateway.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import { ROOT, readProjectFile } from './markdown.ts';

/**
 * The commands of the recipes, run as they stand there, against a gateway with the configuration
 * that stands there: only addresses and paths are those of the test, and the tokens are signed by an
 * issuer of the test, with the claims of the platform.
 */

const run = promisify(execFile);
const BLOCK = /^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm;
const TOKEN_FILE = '/var/run/secrets/push/token';

const PLATFORMS = {
  github: {
    aud: 'https://push.example.com',
    sub: 'repo:acme@123/payments@456:ref:refs/heads/main',
    repository: 'acme/payments',
    repository_id: '456',
    repository_owner_id: '123',
    ref: 'refs/heads/main',
  },
  gitlab: {
    aud: 'https://push.example.com',
    sub: 'project_path:acme/payments:ref_type:branch:ref:main',
    project_id: '456',
    namespace_id: '123',
    ref: 'main',
    ref_protected: 'true',
  },
  kubernetes: {
    aud: ['pushgateway'],
    sub: 'system:serviceaccount:payments:nightly',
    'kubernetes.io': {
      namespace: 'payments',
      serviceaccount: { name: 'nightly', uid: '6f0c…' },
      pod: { name: 'nightly-28-x', uid: '1a2b…' },
    },
  },
} as const;

interface Recipe {
  readonly file: string;
  readonly config: GatewayDocument;
  readonly blocks: readonly { readonly language: string; readonly text: string }[];
}

function readRecipe(name: string): Recipe {
  const file = `docs/push/recipes/${name}.md`;
  const blocks = [...readProjectFile(file).matchAll(BLOCK)].map(
    ([, language = '', mark = '', text = '']) => ({ language, mark, text }),
  );
  const config = blocks.find(({ mark }) => mark === 'config') ?? assert.fail(file);
  return { file, config: parse(config.text), blocks: blocks.filter(({ mark }) => mark === 'run') };
}

/** `pushwarden` as it is once it is installed. */
async function writeProgram(folder: string): Promise<void> {
  await mkdir(folder);
  const command = `exec "${process.execPath}" "${ROOT}pushwarden.js" "$@"`;
  await writeFile(`${folder}/pushwarden`, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

describe('the recipes', () => {
  const stack = new AsyncDisposableStack();
  let scratch: Scratch;
  let upstream: RecordingUpstream;
  let issuer: IssuerServer;
  before(async () => {
    scratch = stack.use(await createScratch());
    await writeProgram(`${scratch.path}/bin`);
    upstream = stack.use(await startRecordingUpstream());
    issuer = stack.use(await startIssuerServer());
  });
  after(() => stack.disposeAsync());

  /** Starts a gateway with the configuration of a recipe. */
  async function open({ config }: Recipe, changes: object = {}): Promise<TestGateway> {
    const { issuers = {} } = config as { issuers?: Record<string, { audience: string }> }; // ours
    const tested = Object.entries(issuers).map(([name, { audience }]) => {
      return [name, { issuer: issuer.issuer, audience }];
    });
    const document = { ...config, issuers: Object.fromEntries(tested), ...changes };
    return startGateway({ ...document, upstream: { url: upstream.url } });
  }

  /** Runs a block of a recipe as if the gateway were at its address. */
  async function runBlock(
    { language, text }: Recipe['blocks'][number],
    gateway: TestGateway | undefined,
    env: Readonly<Record<string, string>> = {},
  ) {
    const { path } = scratch;
    const script = text
      .replaceAll(
        /https:\/\/push\.example\.com(?=\/metrics|\/api|\$target|["'],|\s)/g,
        gateway?.url ?? '',
      )
      .replaceAll(TOKEN_FILE, `${path}/token`);
    const searchPath = `${path}/bin:${process.env['PATH']}`;
    const options = { cwd: path, env: { PATH: searchPath, HOME: path, ...env } };
    if (language === 'sh') return run('bash', ['-euo', 'pipefail', '-c', script], options);
    if (language === 'python') return run('/usr/bin/python3', ['-c', script], options);
    if (language === 'go') {
      const source = await scratch.write('push.go', script);
      return run(await compileGo(source, 'client_golang-1.21'), [], options);
    }
    const library = fileURLToPath(import.meta.resolve('prom-client'));
    const file = await scratch.write('push.mjs', script.replace("'prom-client'", `'${library}'`));
    return run(process.execPath, [file], options);
  }

  /** Checks that the last push arrived, and whose it was. */
  async function assertPushed(gateway: TestGateway, target: string, ...who: readonly unknown[]) {
    const record = (await gateway.auditRecords()).findLast(({ event }) => event === 'decision');
    assert.ok(record?.event === 'decision');
    assert.deepEqual([record.decision, record.target], ['allow', target]);
    assert.deepEqual([record.team, record.credential, record.subject], who);
    assert.equal(upstream.requests.at(-1)?.target, target);
  }

  /** What GitHub's runner gives to a job. */
  async function openTokenService(claims: object): Promise<Readonly<Record<string, string>>> {
    const server = createServer(async (req, res) => {
      const asked = new URL(req.url ?? '', 'http://localhost').searchParams.get('audience');
      const isAllowed = req.headers.authorization === 'bearer of the job';
      const value = await issuer.token({ ...claims, aud: asked });
      res.writeHead(isAllowed ? 200 : 401).end(JSON.stringify({ count: 1, value }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stack.defer(() => void server.close());
    const { port } = server.address() as AddressInfo; // a TCP server that listens has one
    return {
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of the job',
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      GITHUB_RUN_ID: '77',
    };
  }

  test('GitHub Actions: a job of the repository pushes, and one of another does not', async () => {
    const recipe = readRecipe('github-actions');
    await using gateway = await open(recipe);
    const [push = assert.fail(), command = assert.fail()] = recipe.blocks;
    const target = '/metrics/job/payments_build/instance/77';
    for (const block of [push, command]) {
      await runBlock(block, gateway, await openTokenService(PLATFORMS.github));
      await assertPushed(gateway, target, 'payments', 'ci', PLATFORMS.github.sub);
    }
    const other = await openTokenService({ ...PLATFORMS.github, repository_id: '457' });
    await assert.rejects(runBlock(push, gateway, other), {
      code: 22,
      stdout: /^credential_invalid: /,
    });
    await assert.rejects(runBlock(command, gateway, other), {
      code: 3,
      stderr: /^credential_invalid: /m,
    });
  });

  test('GitLab CI: a job on a protected branch pushes, and one on another does not', async () => {
    const recipe = readRecipe('gitlab-ci');
    await using gateway = await open(recipe);
    const [push = assert.fail(), command = assert.fail()] = recipe.blocks;
    const envOf = async (claims: object) => {
      return { PUSH_TOKEN: await issuer.token(claims), CI_PIPELINE_ID: '8' };
    };
    const target = '/metrics/job/payments_build/instance/8';
    for (const block of [push, command]) {
      await runBlock(block, gateway, await envOf(PLATFORMS.gitlab));
      await assertPushed(gateway, target, 'payments', 'ci', PLATFORMS.gitlab.sub);
    }
    const other = await envOf({ ...PLATFORMS.gitlab, ref_protected: 'false' });
    await assert.rejects(runBlock(push, gateway, other), { code: 22 });
    await assert.rejects(runBlock(command, gateway, other), { code: 3 });
  });

  test('Kubernetes: a pod of the service account pushes', async () => {
    const recipe = readRecipe('kubernetes');
    await using gateway = await open(recipe);
    await scratch.write('token', await issuer.token(PLATFORMS.kubernetes));
    const [push = assert.fail()] = recipe.blocks;
    await runBlock(push, gateway);
    const { sub } = PLATFORMS.kubernetes;
    await assertPushed(gateway, '/metrics/job/payments_nightly', 'payments', 'cron', sub);
  });

  test('Kubernetes: the manifest asks for the audience of the gateway, and is YAML', () => {
    const { config } = readRecipe('kubernetes');
    const text = readProjectFile('docs/push/recipes/kubernetes.md');
    const [, manifest = ''] = /^```yaml manifest\n([\s\S]*?)^```$/m.exec(text) ?? [];
    const { spec } = parse(manifest).spec.jobTemplate.spec.template;
    const { audience } = spec.volumes[0].projected.sources[0].serviceAccountToken;
    assert.equal(Object(config['issuers']).cluster.audience, audience);
    assert.equal(spec.containers[0].volumeMounts[0].mountPath, TOKEN_FILE.replace('/token', ''));
  });

  test('cron: a host pushes with what is in its netrc', async () => {
    const recipe = readRecipe('cron');
    const hash = hashSync('correct-horse', { cost: 4 });
    const file = await scratch.write('cron.htpasswd', `host7:${hash}\n`);
    const credentials = [{ type: 'htpasswd', name: 'cron', file }];
    const teams = { hosts: { ...Object(recipe.config.teams)['hosts'], credentials } };
    await using gateway = await open(recipe, { teams });
    const text = readProjectFile(recipe.file);
    const [, netrc = ''] = /^```text netrc\n([\s\S]*?)^```$/m.exec(text) ?? [];
    await scratch.write('.netrc', netrc.replace('push.example.com', '127.0.0.1'));
    assert.equal(recipe.blocks.length, 2);
    for (const block of recipe.blocks) {
      const before = upstream.requests.length;
      await runBlock(block, gateway);
      assert.equal(upstream.requests.length, before + 1);
      const target = upstream.requests.at(-1)?.target ?? '';
      assert.match(target, /^\/metrics\/job\/backup_home\/instance/);
      await assertPushed(gateway, target, 'hosts', 'cron', 'host7');
    }
  });

  test('clean-up: one group goes by its path, and all that are old by their list', {
    skip: pushgatewayMissing('1.11') || missingPrograms(['jq']),
  }, async () => {
    const recipe = readRecipe('clean-up');
    await using pushgateway = await startPushgateway({ version: '1.11' });
    const hash = hashSync('correct-horse', { cost: 4 });
    const file = await scratch.write('clean-up.htpasswd', `host7:${hash}\n`);
    await scratch.write('.netrc', 'machine 127.0.0.1 login host7 password correct-horse\n');
    const credentials = [{ type: 'htpasswd', name: 'cron', file }];
    const teams = { ci: { ...Object(recipe.config.teams)['ci'], credentials } };
    await using gateway = await startGateway({ teams, upstream: { url: pushgateway.url } });
    const authorization = `Basic ${btoa('host7:correct-horse')}`;
    const push = async (path: string): Promise<void> => {
      const options = { method: 'PUT', headers: { authorization }, body: 'rows 1\n' };
      const { status } = await fetch(`${gateway.url}/metrics/job/${path}`, options);
      assert.ok(status < 300);
    };
    const left = async () => (await pushgateway.groups()).map(({ labels }) => labels['instance']);
    await push('ci_build/instance/17');
    await push('ci_build/instance/a%20b');
    const [one = assert.fail(), old = assert.fail()] = recipe.blocks;
    await runBlock(one, gateway);
    assert.deepEqual(await left(), ['a b']);
    await runBlock(old, gateway);
    assert.deepEqual(await left(), ['a b']);
    await runBlock({ ...old, text: old.text.replace('7 days ago', 'next minute') }, gateway);
    assert.deepEqual(await left(), []);
  });

  test('client certificates: a host with one of its own authority pushes', async () => {
    const recipe = readRecipe('certificates');
    const [make = assert.fail(), push = assert.fail()] = recipe.blocks;
    await runBlock(make, undefined);
    const ca = createAuthority(scratch.path, 'servers');
    const { cert, key } = ca.issue('server', { san: 'IP:127.0.0.1', usage: 'serverAuth' });
    const tls = { cert_file: cert, key_file: key, client_ca_file: `${scratch.path}/clients.crt` };
    await using gateway = await open(recipe, { tls });
    await runBlock(push, gateway, { CURL_CA_BUNDLE: ca.cert });
    const target = '/metrics/job/edge_uptime/instance/host7';
    await assertPushed(gateway, target, 'edge', 'hosts', 'host7.edge.example.com');
  });

  const languages = { python: [], js: [], go: ['go-1.24', 'client_golang-1.21'] } as const;
  for (const [language, needs] of Object.entries(languages)) {
    const skip = missingPrograms(needs);
    const name = `programs: ${language} pushes with the token that is in the file at that time`;
    test(name, { skip }, async () => {
      const recipe = readRecipe('programs');
      await using gateway = await open(recipe);
      await scratch.write('token', `${await issuer.token(PLATFORMS.kubernetes)}\n`);
      const push = recipe.blocks.find((block) => block.language === language);
      await runBlock(push ?? assert.fail(), gateway);
      const { sub } = PLATFORMS.kubernetes;
      await assertPushed(gateway, '/metrics/job/payments_orders', 'payments', 'worker', sub);
    });
  }
});
