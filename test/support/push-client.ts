import { dirname } from 'node:path';
import promClient from 'prom-client';
import type { MetricType } from '../../src/core/exposition/push-content.ts';
import { compileCpp, compileGo, type GoLibrary } from './compiler.ts';
import { curl } from './curl.ts';
import { findProgram, type ProgramName } from './program.ts';
import { clientProgram, type PushResult, type PushTask, runClientProgram } from './push-task.ts';

/** What a client can send to prove who it is. */
export type Proof = 'a password' | 'a token' | 'a token as a password';

/** A real client that pushes one family of each type that it has. */
export interface PushClient {
  readonly name: string;
  readonly sends: readonly Proof[];
  /** What becomes of a slash in the grouping key; `raw` is one that is written as it is. */
  readonly slashes: 'kept' | 'refused' | 'raw';
  /** Types of what it pushes, by what follows the prefix in the name. */
  readonly families: Readonly<Record<string, MetricType>>;
  /** What it runs on; all of it is on this machine when the client can be run. */
  readonly needs: readonly ProgramName[];
  run(task: PushTask): Promise<PushResult>;
}

/** The label that every client gives its gauge, as the text format writes it. */
export const CITY_LABEL = 'city="Zürich \\"東京\\" \\\\"';

const METHODS = { push: 'PUT', add: 'POST', delete: 'DELETE' } as const;

const TYPED = {
  '': 'gauge',
  _rows_total: 'counter',
  _seconds: 'histogram',
  _bytes: 'summary',
} as const;

const curlClient: PushClient = {
  name: 'curl',
  sends: ['a password', 'a token'],
  slashes: 'raw',
  families: { ...TYPED, _untyped: 'untyped' },
  needs: [],
  async run(task) {
    const login = renderLogin(task);
    const data = task.action === 'delete' ? [] : ['--data-binary', '@-'];
    const method = ['--request', METHODS[task.action]];
    const args = ['--fail-with-body', ...login, ...method, ...data, plainTarget(task)];
    const { exitCode, errors, body } = await curl(args, renderBody(task.prefix));
    return { ok: exitCode === 0, message: `${errors}\n${body}` };
  },
};

const fetchClient: PushClient = {
  ...curlClient,
  name: 'fetch',
  async run(task) {
    const answer = await fetch(plainTarget(task), {
      method: METHODS[task.action],
      ...(task.credential && { headers: { authorization: task.credential.authorization } }),
      ...(task.action !== 'delete' && { body: renderBody(task.prefix) }),
    });
    return { ok: answer.ok, message: await answer.text() };
  },
};

function nodeClient(encoding: 'identity' | 'gzip'): PushClient {
  return {
    name: `prom-client 15, ${encoding}`,
    sends: ['a password', 'a token'],
    slashes: 'refused',
    families: TYPED,
    needs: [],
    async run({ action, url, job, instance, prefix, credential }) {
      const { username, secret, authorization } = credential ?? {};
      const registers = [new promClient.Registry()];
      const help = 'One\nper \\ city.';
      new promClient.Gauge({ name: prefix, help, labelNames: ['city'], registers })
        .labels('Zürich "東京" \\')
        .set(42);
      new promClient.Counter({ name: `${prefix}_rows_total`, help, registers }).inc(3);
      const buckets = [0.5, 1];
      new promClient.Histogram({ name: `${prefix}_seconds`, help, buckets, registers }).observe(
        0.7,
      );
      const percentiles = [0.5, 0.9];
      new promClient.Summary({ name: `${prefix}_bytes`, help, percentiles, registers }).observe(7);
      const headers = {
        ...(encoding === 'gzip' && { 'Content-Encoding': 'gzip' }),
        ...(username === undefined && authorization !== undefined && { authorization }),
      };
      const login = username === undefined ? {} : { auth: `${username}:${secret}` };
      const gateway = new promClient.Pushgateway(url, { headers, ...login }, registers[0]);
      const run = { push: 'push', add: 'pushAdd', delete: 'delete' } as const;
      return await gateway[run[action]]({ jobName: job, groupings: { instance } }).then(
        () => ({ ok: true, message: '' }),
        (error: Error) => ({ ok: false, message: error.message }),
      );
    },
  };
}

const CREATED = {
  _rows_created: 'gauge',
  _seconds_created: 'gauge',
  _bytes_created: 'gauge',
} as const;

function pythonClient(library: Extract<ProgramName, `prometheus_client-${string}`>): PushClient {
  const env = { PYTHONPATH: dirname(findProgram(library) ?? '') };
  return {
    name: `Python ${library.replace('-', ' ')}`,
    sends: ['a password', 'a token'],
    slashes: 'kept',
    families: {
      ...TYPED,
      ...CREATED,
      _build_info: 'gauge',
      _phase: 'gauge',
      _untyped: 'untyped',
    },
    needs: ['python', library],
    run: (task) => runClientProgram(task, ['/usr/bin/python3', clientProgram('push.py')], env),
  };
}

function goClient(library: GoLibrary, format: 'protobuf' | 'text'): PushClient {
  return {
    name: `Go ${library.replace('-', ' ')}, ${format}`,
    sends: ['a password', 'a token'],
    slashes: 'kept',
    families: { ...TYPED, _untyped: 'untyped' },
    needs: ['go-1.24', library],
    async run(task) {
      const program = await compileGo(clientProgram('push.go'), library);
      return await runClientProgram(task, [program], { TASK_FORMAT: format });
    },
  };
}

const rubyClient: PushClient = {
  name: 'Ruby prometheus-client-mmap 0.16',
  // A password with a blank in it would arrive escaped, as it stands in the URL.
  sends: ['a token as a password'],
  slashes: 'refused',
  families: { '': 'gauge', _rows_total: 'counter' },
  needs: ['ruby', 'prometheus-client-mmap'],
  run: (task) => runClientProgram(task, ['/usr/bin/ruby', clientProgram('push.rb')]),
};

const cppClient: PushClient = {
  name: 'C++ prometheus-cpp 1.0',
  sends: ['a password', 'a token as a password'],
  slashes: 'raw',
  families: TYPED,
  needs: ['g++', 'prometheus-cpp'],
  run: async (task) => runClientProgram(task, [await compileCpp(clientProgram('push.cpp'))]),
};

/** Every client that the tests push with. */
export const PUSH_CLIENTS: readonly PushClient[] = [
  curlClient,
  fetchClient,
  nodeClient('identity'),
  nodeClient('gzip'),
  pythonClient('prometheus_client-0.16'),
  pythonClient('prometheus_client-0.21'),
  goClient('client_golang-1.14', 'protobuf'),
  goClient('client_golang-1.14', 'text'),
  goClient('client_golang-1.21', 'protobuf'),
  goClient('client_golang-1.21', 'text'),
  rubyClient,
  cppClient,
];

function renderLogin({ credential }: PushTask): readonly string[] {
  if (credential === undefined) return [];
  const { username, secret } = credential;
  return username === undefined ? ['--oauth2-bearer', secret] : ['--user', `${username}:${secret}`];
}

function plainTarget({ url, job, instance }: PushTask): string {
  return `${url}/metrics/job/${job}/instance/${instance}`;
}

/** What a script would write. */
function renderBody(prefix: string): string {
  return `# HELP ${prefix} One\\nper \\\\ city.
# TYPE ${prefix} gauge
${prefix}{${CITY_LABEL}} 42
# TYPE ${prefix}_rows_total counter
${prefix}_rows_total 3
# TYPE ${prefix}_seconds histogram
${prefix}_seconds_bucket{le="0.5"} 0
${prefix}_seconds_bucket{le="+Inf"} 1
${prefix}_seconds_sum 0.7
${prefix}_seconds_count 1
# TYPE ${prefix}_bytes summary
${prefix}_bytes{quantile="0.5"} 7
${prefix}_bytes_sum 7
${prefix}_bytes_count 1
${prefix}_untyped 1
`;
}
