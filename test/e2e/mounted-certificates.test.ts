import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import {
  type CertificateAuthority,
  type CertificateFiles,
  createAuthority,
} from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway.ts';
import { oneTeam, TOKEN } from '../support/one-team.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';

/** Certificates in a folder that Kubernetes mounts, and swaps as a whole when they are renewed. */

/** Puts a certificate into the folder: its files are links into another that is swapped. */
async function mount(folder: string, version: string, { cert, key }: CertificateFiles) {
  await mkdir(`${folder}/..${version}`);
  await writeFile(`${folder}/..${version}/tls.crt`, await readFile(cert));
  await writeFile(`${folder}/..${version}/tls.key`, await readFile(key));
  await symlink(`..${version}`, `${folder}/..data_tmp`);
  await rename(`${folder}/..data_tmp`, `${folder}/..data`);
}

describe('certificates in a mounted folder', () => {
  const stack = new AsyncDisposableStack();
  let scratch: Scratch;
  let ca: CertificateAuthority;
  let folder: string;
  let gateway: GatewayProcess;
  before(async () => {
    scratch = stack.use(await createScratch());
    const upstream = stack.use(await startRecordingUpstream());
    ca = createAuthority(scratch.path, 'servers');
    folder = `${scratch.path}/mounted`;
    await mkdir(folder);
    await mount(folder, 'first', ca.issue('first', { san: 'DNS:localhost' }));
    for (const name of ['tls.crt', 'tls.key']) await symlink(`..data/${name}`, `${folder}/${name}`);
    const tls = { cert_file: `${folder}/tls.crt`, key_file: `${folder}/tls.key` };
    const limits = { rate: '10000/s', burst: 10_000 };
    const document = { ...oneTeam({ url: upstream.url }), defaults: { limits }, tls };
    gateway = stack.use(await startGatewayProcess(document));
  });
  after(() => stack.disposeAsync());

  async function shownName(): Promise<string> {
    const { port } = gateway;
    const socket = connect({ port, servername: 'localhost', ca: await readFile(ca.cert) });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  }

  /** Pushes on a connection of its own, to a server that has to prove itself. */
  async function push(trusted: Buffer): Promise<number | undefined> {
    const headers = { authorization: TOKEN.authorization };
    const url = `https://localhost:${gateway.port}/metrics/job/a`;
    const sent = request(url, { method: 'PUT', headers, ca: trusted, agent: false }).end(
      'rows 1\n',
    );
    const [answer] = await once(sent, 'response');
    answer.resume();
    await once(answer, 'end');
    return answer.statusCode;
  }

  test('row 31: they are used as soon as the folder is swapped, and no push fails meanwhile', async () => {
    assert.equal(await shownName(), 'first');
    const trusted = await readFile(ca.cert);
    const statuses: (number | undefined)[] = [];
    let isOver = false;
    const loops = Array.from({ length: 4 }, async () => {
      while (!isOver) statuses.push(await push(trusted));
    });
    for (const [old, next] of [
      ['first', 'second'],
      ['second', 'third'],
    ] as const) {
      await mount(folder, next, ca.issue(next, { san: 'DNS:localhost' }));
      await rm(`${folder}/..${old}`, { recursive: true });
      await eventually(next, async () => (await shownName()) === next || undefined);
    }
    isOver = true;
    await Promise.all(loops);
    assert.deepEqual([...new Set(statuses)], [200]);
    const records = await gateway.auditRecords();
    const changes = records.flatMap((one) => (one.event === 'reload' ? [one.changed] : []));
    assert.deepEqual(changes, [['tls'], ['tls']]);
  });

  test('row 31: those that are no pair once swapped change nothing until they are', async () => {
    const [mixed, good] = ['mixed', 'good'].map((name) => ca.issue(name, { san: 'DNS:localhost' }));
    assert.ok(mixed && good);
    await mount(folder, 'mixed', { cert: mixed.cert, key: good.key });
    await eventually('the refusal', () =>
      gateway.log.find((line) => line.includes('is not the key of the certificate')),
    );
    assert.equal(await shownName(), 'third');
    await mount(folder, 'good', good);
    await eventually('good', async () => (await shownName()) === 'good' || undefined);
  });
});
