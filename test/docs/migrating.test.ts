import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { curl } from '../support/curl.ts';
import type { ListeningProcess } from '../support/listening-process.ts';
import { missingPrograms } from '../support/program.ts';
import { PUSH_CLIENTS, type PushClient } from '../support/push-client.ts';
import { pushgatewayMissing } from '../support/pushgateway.ts';
import { createScratch, type Scratch } from '../support/scratch.ts';
import type { TestCredential } from '../support/test-credential.ts';
import { readProjectFile } from './markdown.ts';
import { assertPrinted, type Block, findPort, PageLab, readBlocks } from './page-lab.ts';

/**
 * The plan of the page, walked from its first day to its last: the configurations and commands that
 * stand there, in their order, with what they print, while real clients push. After every step each
 * of them pushes once more, on the way that it is on by then, and what it pushed is in the store.
 */

const PAGE = 'docs/operate/migrating.md';
const [, SECTION = ''] = /^## The plan$([\s\S]*?)^## Compare$/m.exec(readProjectFile(PAGE)) ?? [];
const PLAN = readBlocks(SECTION).map((block) => ({
  ...block,
  day: block.heading.split(':')[0] ?? '',
}));

/** A job with a client, and the way that it is on. */
interface Job {
  readonly name: string;
  readonly client: PushClient | undefined;
  url: string;
  credential?: TestCredential;
}

/** Who pushes: the shell, and a library each; what is not on this machine has another in its place. */
function createJobs(url: string): readonly [shell: Job, etl: Job, backup: Job] {
  const pick = (language: string): PushClient | undefined => {
    const own = PUSH_CLIENTS.find(
      ({ name, needs }) => name.startsWith(language) && missingPrograms(needs) === false,
    );
    return own ?? PUSH_CLIENTS.find(({ name }) => name === 'fetch');
  };
  return [
    { name: 'settlement', client: undefined, url },
    { name: 'etl', client: pick('Python'), url },
    { name: 'nightly_backup', client: pick('Go'), url },
  ];
}

/** The walk through the plan: who pushes, on which way, and what is expected in the store. */
class Walk {
  readonly lab: PageLab;
  readonly jobs: readonly [Job, Job, Job];
  readonly direct: string;
  readonly gateway: string;
  readonly #inner: string;
  #pushes = 0;

  private constructor(lab: PageLab) {
    this.lab = lab;
    this.direct = lab.place('http://push.example.com:9092');
    this.#inner = lab.place('http://127.0.0.1:9092');
    this.gateway = lab.place('http://127.0.0.1:9091');
    this.jobs = createJobs(this.direct);
  }

  static async begin(scratch: Scratch): Promise<Walk> {
    const [store, listen, admin] = [await findPort(), await findPort(), await findPort()];
    const lab = await PageLab.open(scratch, [
      ['push.example.com:9092', `127.0.0.2:${store}`],
      ['127.0.0.1:9092', `127.0.0.1:${store}`],
      ['127.0.0.1:9091', `127.0.0.1:${listen}`],
      ['127.0.0.1:9095', `127.0.0.1:${admin}`],
      ['/var/lib/pushgateway', scratch.path],
    ]);
    return new Walk(lab);
  }

  /** An operator puts in what `token create` has printed. */
  async configure(text: string): Promise<void> {
    const made = await this.lab.read('credentials.yaml').catch(() => '');
    const hashes = new Map(
      [...made.matchAll(/name: "(\w+)", sha256: "(\w+)"/g)].map(([, name, hash]) => [name, hash]),
    );
    const written = this.lab
      .place(text)
      .replace(
        /(name: (\w+), sha256: )"\w+"/g,
        (_, before: string, name: string) => `${before}"${hashes.get(name) ?? assert.fail(name)}"`,
      );
    await this.lab.scratch.write('pushwarden.yaml', written);
  }

  /** A job has its token, and sends it. */
  async handOut(job: Job): Promise<void> {
    const secret = (await this.lab.read(`${job.name}.token`)).trim();
    job.credential = { spec: {}, secret, authorization: `Bearer ${secret}` };
  }

  /** Every job pushes once; what it pushed is in the store. */
  async pushAll(): Promise<void> {
    await Promise.all(this.jobs.map((job) => this.#push(job)));
  }

  async #push(job: Job): Promise<void> {
    const { name } = job;
    const since = Date.now() / 1000 - 1;
    const message = job.client ? await this.#pushWith(job.client, job) : await this.#curl(job);
    const stored = await this.#scrape();
    const stamp = new RegExp(`^push_time_seconds\\{.*job="${name}"\\} (.*)$`, 'm');
    const [, time = '0'] = stamp.exec(stored) ?? [];
    assert.ok(Number(time) >= since, `${name} is not in the store: ${message}`);
    if (job.client !== undefined) return;
    assert.match(stored, new RegExp(`^settlement_rows\\{.*\\} ${this.#pushes}$`, 'm'));
  }

  async #pushWith(client: PushClient, { name, url, credential }: Job): Promise<string> {
    const task = {
      action: 'add',
      job: name,
      instance: 'a',
      prefix: name,
      url,
      credential,
    } as const;
    const { ok, message } = await client.run(task);
    assert.ok(ok, `${name} by ${client.name}: ${message}`);
    return message;
  }

  async #curl({ name, url, credential }: Job): Promise<string> {
    this.#pushes += 1;
    const login = credential ? ['-H', `Authorization: ${credential.authorization}`] : [];
    const args = ['--fail-with-body', ...login, '--data-binary', '@-'];
    const answer = await curl(
      [...args, `${url}/metrics/job/${name}`],
      `settlement_rows ${this.#pushes}\n`,
    );
    assert.equal(answer.exitCode, 0, answer.body);
    return answer.body;
  }

  async #scrape(): Promise<string> {
    return await (await fetch(`${this.#inner}/metrics`)).text();
  }
}

/** What the jobs do on their own once a block of a day is done: in the plan's words. */
const MOVES: Readonly<Record<string, (walk: Walk, block: Block) => Promise<void>>> = {
  async 'Day 2'({ jobs, gateway }) {
    for (const job of jobs) job.url = gateway;
  },
  async 'Day 10'(walk, { text }) {
    const [shell, ...others] = walk.jobs;
    if (text.includes('settlement.token')) await walk.handOut(shell);
    if (text.includes('--by reason')) for (const job of others) await walk.handOut(job);
  },
};

/** Who pushes while Pushgateway is not there repeats it, as the page says. */
const PATIENTLY =
  'PUSHWARDEN_TOKEN=$(cat settlement.token) pushwarden push --url http://127.0.0.1:9091 ' +
  '--retry 30 --replace --job settlement settlement_rows=1000';

/** Starts a program of the plan: the gateway, or Pushgateway in the place of the open one. */
async function startInPlan(
  walk: Walk,
  text: string,
  open: ListeningProcess<unknown>,
): Promise<ListeningProcess<unknown>> {
  if (!text.startsWith('pushgateway')) return walk.lab.start(text);
  await open.stop('SIGTERM');
  const [started] = await Promise.all([walk.lab.start(text), walk.lab.run(PATIENTLY)]);
  return started;
}

test(`${PAGE} has a day for every step of the plan`, () => {
  const days = [...new Set(PLAN.map(({ day }) => day))];
  assert.deepEqual(days, ['Day 1', 'Day 2', 'Day 3 to 9', 'Day 10', 'Day 20', 'Day 22']);
  const linked = [...readProjectFile(PAGE).matchAll(/^\| [\d to]+ \| \[.*\]\(#(day-[\w-]+)\)/gm)];
  assert.equal(linked.length, days.length);
});

test(`${PAGE}: the plan holds from the first day to the last, and no push is lost`, {
  skip: pushgatewayMissing('1.11'),
  timeout: 600_000,
}, async () => {
  await using scratch = await createScratch();
  await using stack = new AsyncDisposableStack();
  const walk = await Walk.begin(scratch);
  const open = stack.use(
    await walk.lab.start(
      'pushgateway --web.listen-address=127.0.0.1:9092 --persistence.file=/var/lib/pushgateway/metrics',
      `--web.listen-address=${new URL(walk.direct).host}`,
    ),
  );
  await walk.pushAll();
  for (const [at, block] of PLAN.entries()) {
    const { day, kind, text } = block;
    if (kind.startsWith('yaml')) await walk.configure(text);
    if (kind === 'sh start') stack.use(await startInPlan(walk, text, open));
    if (kind === 'sh run') {
      const printed = await walk.lab.run(text);
      const next = PLAN[at + 1];
      assert.ok(next?.kind === 'text', `${day}: nothing says what one sees`);
      assertPrinted(printed, next.text);
      await MOVES[day]?.(walk, block);
    }
    if (kind === 'sh run' || kind === 'sh start') await walk.pushAll();
  }
  const { teams } = parse(await walk.lab.read('teams.yaml'));
  assert.deepEqual(Object.keys(teams).sort(), ['etl', 'nightly_backup', 'settlement', 'trial']);
});
