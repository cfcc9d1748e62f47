import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, test } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { bundle, type CertificateAuthority, createAuthority } from '../support/certificates.ts';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { TOKEN } from '../support/one-team.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import { readMetric } from '../support/workload.ts';

const run = promisify(execFile);
const PUSH = ['--request', 'PUT', '--data-binary', 'rows 1\n'];
const BEARER = ['--header', `Authorization: ${TOKEN.authorization}`];

interface Stage {
  readonly gateway: TestGateway;
  readonly upstream: RecordingUpstream;
  readonly scratch: Scratch;
  readonly ca: CertificateAuthority;
  readonly clients: CertificateAuthority;
  /** Files that the configuration names. */
  readonly files: Readonly<Record<'cert' | 'key' | 'clientCa', string>>;
}

async function openStage(stack: AsyncDisposableStack): Promise<Stage> {
  const scratch = stack.use(await createScratch());
  const upstream = stack.use(await startRecordingUpstream());
  const ca = createAuthority(scratch.path, 'servers');
  const clients = createAuthority(scratch.path, 'clients');
  const server = ca.issue('server', { san: 'DNS:localhost,IP:127.0.0.1', usage: 'serverAuth' });
  const files = {
    cert: `${scratch.path}/tls.crt`,
    key: `${scratch.path}/tls.key`,
    clientCa: `${scratch.path}/client-ca.crt`,
  };
  await copyFile(server.cert, files.cert);
  await copyFile(server.key, files.key);
  await copyFile(clients.cert, files.clientCa);
  const gateway = await startGateway({
    tls: { cert_file: files.cert, key_file: files.key, client_ca_file: files.clientCa },
    upstream: { url: upstream.url },
    server: { header_timeout: '1s' },
    teams: {
      payments: { jobs: ['*'], credentials: [TOKEN.spec] },
      edge: {
        jobs: ['*'],
        credentials: [
          { type: 'certificate', name: 'dns', san: '*.edge.example' },
          { type: 'certificate', name: 'spiffe', san: 'spiffe://example/ns/edge/*' },
        ],
      },
    },
  });
  return { gateway: stack.use(gateway), upstream, scratch, ca, clients, files };
}

describe('TLS on the public side', () => {
  const stack = new AsyncDisposableStack();
  let stage: Stage;
  before(async () => {
    stage = await openStage(stack);
  });
  beforeEach(() => stage.upstream.forget());
  after(() => stack.disposeAsync());

  const target = (): string => `https://localhost:${stage.gateway.port}/metrics/job/a`;
  const trust = (): readonly string[] => ['--cacert', stage.ca.cert];
  const lastRecord = async () => (await stage.gateway.auditRecords()).at(-2);
  const reload = () => fetch(`${stage.gateway.adminUrl}/-/reload`, { method: 'POST' });
  const failures = () =>
    readMetric(stage.gateway.adminUrl, 'pushwarden_tls_handshake_failures_total');

  /** The certificate that a new connection is shown. */
  async function shownCertificate(): Promise<PeerCertificate> {
    const { port } = stage.gateway;
    const ca = await readFile(stage.ca.cert);
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate;
  }

  test('the gateway says where it listens as a URL with https', () => {
    assert.match(stage.gateway.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  });

  for (const version of ['1.2', '1.3']) {
    test(`curl pushes over TLS ${version}`, async () => {
      const only = [`--tlsv${version}`, '--tls-max', version];
      const answer = await curl([...only, ...trust(), ...BEARER, ...PUSH, target()]);
      assert.deepEqual([answer.status, answer.errors], [200, '']);
      assert.equal(stage.upstream.requests.length, 1);
    });
  }

  test('TLS 1.1 is refused, without an answer or a record', async () => {
    const before = (await failures()) ?? 0;
    const recorded = (await stage.gateway.auditRecords()).length;
    const old = await curl([
      '--tls-max',
      '1.1',
      '--ciphers',
      'ALL:@SECLEVEL=0',
      ...trust(),
      target(),
    ]);
    assert.equal(old.exitCode, 35);
    assert.equal(await failures(), before + 1);
    assert.equal((await stage.gateway.auditRecords()).length, recorded);
  });

  test('HTTP in the clear is told to speak TLS, and recorded', async () => {
    const recorded = (await stage.gateway.auditRecords()).length;
    const clear = await curl([target().replace('https', 'http')]);
    assert.equal(clear.status, 400);
    assert.match(clear.body, /^request_malformed: this port speaks TLS: ask for https:\/\//);
    assert.equal(stage.upstream.requests.length, 0);
    await eventually('its record', async () =>
      (await stage.gateway.auditRecords()).length > recorded ? true : undefined,
    );
  });

  test('HTTP/1.1 is agreed upon with a client that would rather have HTTP/2', async () => {
    const { body } = await curl([
      '--http2',
      ...trust(),
      '-o',
      '/dev/null',
      '-w',
      '%{http_version}',
      target().replace('/metrics/job/a', '/-/healthy'),
    ]);
    assert.match(body, /^1\.1/);
    const { port } = stage.gateway;
    const socket = connect({
      port,
      host: '127.0.0.1',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    });
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  test('a connection that never begins the handshake is closed', async () => {
    const socket = connectPlain(stage.gateway.port, '127.0.0.1');
    const begun = performance.now();
    await once(socket.resume(), 'close');
    assert.ok(performance.now() - begun < 30_000, 'far below what Node would wait');
  });

  test('a client may end its side after the request and still gets its answer', async () => {
    const { port } = stage.gateway;
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.end(
      `PUT /metrics/job/a HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN.authorization}\r\n` +
        'Content-Length: 7\r\n\r\nrows 1\n',
    );
    assert.match(await text(socket), /^HTTP\/1\.1 200 /);
  });

  const certificates: readonly (readonly [
    name: string,
    san: string,
    credential: string,
    subject: string,
  ])[] = [
    ['a', 'DNS:a.edge.example', 'dns', 'a.edge.example'],
    ['b', 'DNS:other,URI:spiffe://example/ns/edge/b', 'spiffe', 'spiffe://example/ns/edge/b'],
  ];
  for (const [name, san, credential, subject] of certificates) {
    test(`a client certificate with ${san} is the credential ${credential}`, async () => {
      const { cert, key } = stage.clients.issue(name, { san, usage: 'clientAuth' });
      const own = ['--cert', cert, '--key', key];
      const answer = await curl([...own, ...trust(), ...PUSH, target()]);
      assert.equal(answer.status, 200, answer.body);
      const record = await lastRecord();
      assert.ok(record?.event === 'decision');
      const { team, scheme, credential: used, subject: who } = record;
      assert.deepEqual([team, scheme, used, who], ['edge', 'certificate', credential, subject]);
    });
  }

  test('a certificate below an intermediate authority counts, when the chain is sent', async () => {
    const leaf = stage.clients.delegate('between').issue('deep', { san: 'DNS:deep.edge.example' });
    const chain = bundle(
      `${stage.scratch.path}/chain.crt`,
      leaf.cert,
      `${stage.scratch.path}/between.crt`,
    );
    const push = (cert: string) =>
      curl(['--cert', cert, '--key', leaf.key, ...trust(), ...PUSH, target()]);
    assert.equal((await push(chain)).status, 200);
    assert.equal((await push(leaf.cert)).status, 401);
  });

  const refused: readonly (readonly [
    what: string,
    reason: string,
    issue: () => { cert: string; key: string },
  ])[] = [
    [
      'that matches no credential',
      'credential_missing',
      () => stage.clients.issue('c', { san: 'DNS:c.example' }),
    ],
    ['without a name', 'credential_missing', () => stage.clients.issue('d')],
    [
      'of another authority',
      'credential_invalid',
      () => stage.ca.issue('e', { san: 'DNS:e.edge.example' }),
    ],
    [
      'for servers',
      'credential_invalid',
      () => stage.clients.issue('f', { san: 'DNS:f.edge.example', usage: 'serverAuth' }),
    ],
    [
      'that has ended',
      'credential_invalid',
      () => stage.clients.issue('g', { san: 'DNS:g.edge.example', days: -1 }),
    ],
  ];
  for (const [what, reason, issue] of refused) {
    test(`a client certificate ${what} is ${reason}, after a handshake`, async () => {
      const { cert, key } = issue();
      const own = ['--cert', cert, '--key', key, ...trust()];
      const answer = await curl([...own, ...PUSH, target()]);
      assert.equal(answer.status, 401);
      assert.ok(answer.body.startsWith(`${reason}: `), answer.body);
      assert.equal(stage.upstream.byteCount, 0);
      assert.equal((await curl([...own, ...BEARER, ...PUSH, target()])).status, 200);
    });
  }

  test('an Authorization header decides alone, whatever the certificate', async () => {
    const { cert, key } = stage.clients.issue('h', { san: 'DNS:h.edge.example' });
    const own = ['--cert', cert, '--key', key, ...trust(), ...PUSH, target()];
    assert.equal((await curl(['--header', 'Authorization: Bearer wrong', ...own])).status, 401);
    assert.equal((await curl([...BEARER, ...own])).status, 200);
    const record = await lastRecord();
    assert.ok(record?.event === 'decision');
    assert.deepEqual([record.team, record.scheme], ['payments', 'token']);
  });

  test('row 31: another certificate is for new connections; those that are open live on', async () => {
    const { files, ca, gateway } = stage;
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: await readFile(ca.cert) });
    const probe = async (): Promise<boolean> => {
      const sent = request(`https://localhost:${gateway.port}/-/healthy`, { agent }).end();
      const [answer] = await once(sent, 'response');
      await text(answer);
      return sent.reusedSocket;
    };
    const old = await shownCertificate();
    assert.equal(await probe(), false);

    const next = ca.issue('next', { san: 'DNS:localhost', usage: 'serverAuth' });
    await copyFile(next.cert, files.cert);
    assert.equal((await reload()).status, 400, 'certificate and key are no pair');
    assert.equal((await shownCertificate()).fingerprint256, old.fingerprint256);
    await copyFile(next.key, files.key);
    assert.equal((await reload()).status, 200);
    assert.notEqual((await shownCertificate()).fingerprint256, old.fingerprint256);
    assert.equal(await probe(), true);
    agent.destroy();
    const records = await gateway.auditRecords();
    const reloaded = records.findLast(({ event }) => event === 'reload');
    assert.deepEqual(reloaded?.event === 'reload' && reloaded.changed, ['tls']);
  });

  for (const garbage of [
    '',
    'garbage',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ]) {
    test(`row 31: ${JSON.stringify(garbage.slice(0, 20))} for a certificate changes nothing`, async () => {
      const { files, scratch } = stage;
      const good = await readFile(files.cert);
      const old = await shownCertificate();
      await scratch.write('tls.crt', garbage);
      const answer = await reload();
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /tls\.cert_file: .*no PEM certificate that can be read/);
      assert.equal((await shownCertificate()).fingerprint256, old.fingerprint256);
      await scratch.write('tls.crt', good);
      assert.equal((await reload()).status, 200);
    });
  }

  test('a session from before other certificates is not taken up again', async () => {
    const { files, scratch, gateway } = stage;
    const session = `${scratch.path}/session.pem`;
    const openssl = async (...args: readonly string[]): Promise<string> => {
      const child = run('openssl', ['s_client', '-connect', `127.0.0.1:${gateway.port}`, ...args]);
      child.child.stdin?.end('GET /-/healthy HTTP/1.0\r\nHost: x\r\n\r\n');
      return (await child).stdout;
    };
    await openssl('-tls1_2', '-sess_out', session);
    assert.match(await openssl('-tls1_2', '-sess_in', session), /^Reused, TLSv1\.2/m);
    const other = stage.clients.delegate('renewed');
    bundle(files.clientCa, stage.clients.cert, other.cert);
    assert.equal((await reload()).status, 200);
    assert.match(await openssl('-tls1_2', '-sess_in', session), /^New, TLSv1\.2/m);
  });

  test('an authority that is removed ends what it vouched for, on open connections too', async () => {
    const { files, clients, gateway, scratch } = stage;
    const [kept, removed] = ['kept', 'removed'].map((name) => createAuthority(scratch.path, name));
    assert.ok(kept && removed);
    bundle(files.clientCa, clients.cert, kept.cert, removed.cert);
    assert.equal((await reload()).status, 200);
    const connections = [kept, removed].map((authority, index) => {
      const { cert, key } = authority.issue(`open${index}`, {
        san: `DNS:open${index}.edge.example`,
      });
      const options = { keepAlive: true, maxSockets: 1, rejectUnauthorized: false };
      return { agent: new Agent(options), cert, key };
    });
    const pushOn = async (connection: (typeof connections)[number]) => {
      const { agent } = connection;
      const [cert, key] = await Promise.all(
        [connection.cert, connection.key].map((it) => readFile(it)),
      );
      const options = { agent, cert, key, method: 'PUT' };
      const sent = request(`${gateway.url}/metrics/job/a`, options).end('rows 1\n');
      const [answer] = await once(sent, 'response');
      await text(answer);
      return [answer.statusCode, sent.reusedSocket];
    };
    const [first, second] = connections;
    assert.ok(first && second);
    assert.deepEqual(
      [await pushOn(first), await pushOn(second)],
      [
        [200, false],
        [200, false],
      ],
    );
    bundle(files.clientCa, clients.cert, kept.cert);
    assert.equal((await reload()).status, 200);
    assert.deepEqual(
      [await pushOn(first), await pushOn(second)],
      [
        [200, true],
        [401, true],
      ],
    );
    for (const { agent } of connections) agent.destroy();
  });

  test('the end of the certificate is a metric', async () => {
    const { valid_to: end } = await shownCertificate();
    const series = 'pushwarden_tls_certificate_expires_timestamp_seconds{certificate="public"}';
    assert.equal(await readMetric(stage.gateway.adminUrl, series), Date.parse(end) / 1000);
  });
});
