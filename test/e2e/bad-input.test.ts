import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CertificateFiles, createAuthority } from '../support/certificates.ts';
import { type BadInputRow, readBadInputCorpus } from '../support/corpus.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { basicCredential, tokenCredential } from '../support/test-credential.ts';

/**
 * Hostile bytes, sent as they are to a gateway whose upstream records every byte it gets: nothing
 * unsafe passes, the status is one of those expected, and the gateway goes on serving.
 */

const SECTIONS = ['path', 'header', 'smuggling', 'auth', 'size', 'ip', 'garbage', 'control'];
/** What is about where a message begins and ends, whatever carries it. */
const FRAMING_SECTIONS = ['smuggling', 'size', 'garbage'];

const BASIC = basicCredential('ci');
const TOKEN = tokenCredential('t');

/** Headers that the upstream may see; everything else of a caller must stay outside. */
const UPSTREAM_HEADERS = new Set([
  'host',
  'content-type',
  'content-length',
  'x-request-id',
  'connection',
]);

/** What differs between the profiles of the corpus: whose addresses are let in. */
const PROFILES = {
  default: { networks: {}, serves: 200 },
  ip_denied: { networks: { allow_networks: ['10.0.0.0/8'] }, serves: 403 },
  trusted_proxy: {
    networks: { allow_networks: ['10.0.0.0/8'], trusted_proxies: ['127.0.0.1/32'] },
    serves: 200,
  },
} as const;
type Profile = keyof typeof PROFILES;
const PROFILE_NAMES = ['default', 'ip_denied', 'trusted_proxy'] as const satisfies Profile[];

/** Sent after every row: `serves` is the answer that shows that the gateway still works. */
const LEGITIMATE = [
  'PUT /metrics/job/team-a HTTP/1.1',
  'Host: gateway.example',
  `Authorization: ${TOKEN.authorization}`,
  'X-Forwarded-For: 10.1.2.3',
  'Connection: close',
  'Content-Length: 11',
  '',
  'a_metric 1\n',
].join('\r\n');

interface Stage {
  readonly tls: boolean;
  readonly gateway: TestGateway;
  readonly upstream: RecordingUpstream;
}

async function startStage(profile: Profile, certificate?: CertificateFiles): Promise<Stage> {
  const upstream = stack.use(await startRecordingUpstream());
  const gateway = await startGateway({
    ...PROFILES[profile].networks,
    ...(certificate && { tls: { cert_file: certificate.cert, key_file: certificate.key } }),
    upstream: { url: upstream.url },
    server: { header_timeout: '1s', body_timeout: '1s' },
    defaults: {
      allow: ['push', 'delete'],
      limits: { body: '64KiB', decoded: '256KiB', series: 10_000, rate: '10000/s', burst: 10_000 },
    },
    teams: { a: { jobs: ['team-a', 'team-a-*'], credentials: [BASIC.spec, TOKEN.spec] } },
  });
  return { tls: certificate !== undefined, upstream, gateway: stack.use(gateway) };
}

function fillIn(row: BadInputRow, port: number): Buffer {
  const text = Buffer.from(row.raw_b64, 'base64').toString('latin1');
  const filled = text
    .replaceAll('{{HOST}}', `127.0.0.1:${port}`)
    .replaceAll('{{VALID_BASIC}}', BASIC.authorization.slice('Basic '.length))
    .replaceAll('{{VALID_TOKEN}}', TOKEN.secret)
    .replaceAll('{{VALID_TOKEN_UPPER}}', TOKEN.secret.toUpperCase());
  assert.doesNotMatch(filled, /\{\{[A-Z_]+\}\}/);
  return Buffer.from(filled, 'latin1');
}

/** Milliseconds after an answer in which a smuggled request would show up, or the end. */
function quietMs(row: BadInputRow): number {
  if (row.expect.connection === 'close') return 1000;
  return row.category === 'smuggling' ? 100 : 20;
}

async function checkRow(row: BadInputRow, { tls, gateway, upstream }: Stage) {
  upstream.forget();
  const { answers, ending } = await exchange({
    tls,
    port: gateway.port,
    send: fillIn(row, gateway.port),
    head: row.id === 'method-head',
    quietMs: quietMs(row),
  });
  const status = finalAnswer(answers)?.status ?? 0;
  assert.ok(row.expect.status_in.includes(status), `${status}, not one of ${row.expect.status_in}`);
  if (row.expect.connection === 'close') assert.notEqual(ending, 'open');
  if (row.expect.no_100) assert.notEqual(answers[0]?.status, 100);
  if (row.expect.must_not_reach_upstream || status >= 300) assert.equal(upstream.byteCount, 0);
  else assert.equal(upstream.requests.length, 1);
  for (const request of upstream.requests) checkForwarded(request, upstream);
  const later = await exchange({ tls, port: gateway.port, send: LEGITIMATE });
  assert.equal(finalAnswer(later.answers)?.status, PROFILES[row.profile ?? 'default'].serves);
}

function checkForwarded(request: RecordedRequest, upstream: RecordingUpstream) {
  assert.match(
    `${request.method} ${request.target}`,
    /^(PUT|POST|DELETE) \/metrics\/job\/team-a(-|$)/,
  );
  assert.doesNotMatch(request.raw.toString('latin1'), /SMUGGLED/);
  const names = request.headers.map(([name]) => name.toLowerCase());
  assert.deepEqual(
    names.filter((name) => !UPSTREAM_HEADERS.has(name)),
    [],
  );
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(request.header('host'), [`${upstream.host}:${upstream.port}`]);
  assert.deepEqual(request.header('connection'), ['keep-alive']);
}

const stack = new AsyncDisposableStack();
const stages = new Map<Profile, Stage>();
let tlsStage: Stage | undefined;
before(async () => {
  for (const profile of PROFILE_NAMES) stages.set(profile, await startStage(profile));
  const scratch = stack.use(await createScratch());
  const authority = createAuthority(scratch.path, 'authority');
  tlsStage = await startStage('default', authority.issue('gateway'));
});
after(() => stack.disposeAsync());

function testSection(section: string, stageOf: (row: BadInputRow) => Stage | undefined): void {
  for (const row of readBadInputCorpus().filter(({ category }) => category === section)) {
    test(`${row.id}: ${row.why}`, async () => {
      await checkRow(row, stageOf(row) ?? assert.fail());
    });
  }
}

for (const section of SECTIONS) {
  describe(`bad input, section ${section}`, () => {
    testSection(section, (row) => stages.get(row.profile ?? 'default'));
  });
}
for (const section of FRAMING_SECTIONS) {
  describe(`bad input inside TLS, section ${section}`, () => testSection(section, () => tlsStage));
}
