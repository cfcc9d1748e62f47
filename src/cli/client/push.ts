import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { describeReadError } from '../../config/engine/secrets.ts';
import { renderJson } from '../../core/printable.ts';
import { renderPushTarget } from '../../core/target/grouping-key.ts';
import { type PushTarget, parsePushTarget } from '../../core/target/push-target.ts';
import { EXIT } from '../exit.ts';
import { addConnectionOptions, type ConnectionOptions, resolveConnection } from './connection.ts';
import { createTextOutputOption, createTimeoutOption } from './options.ts';
import { lintBody, renderSamples, SAMPLE_TYPES, type SampleType } from './push-body.ts';
import { type Result, reportFailure, resultOf } from './report.ts';
import { sendPatiently } from './send-patiently.ts';

interface PushOptions extends ConnectionOptions {
  readonly job: string;
  readonly label: Readonly<Record<string, string>>;
  readonly replace?: boolean;
  readonly type: SampleType;
  readonly retry: number;
  readonly timeout: number;
  readonly file?: string;
  readonly output: 'text' | 'json';
}

/** Adds `push`: exit status 0 when stored, 3 when refused, 1 when it gave up. */
export function registerPush(program: Command): void {
  const push = program
    .command('push')
    .description('push samples, or a file in the text format, to one group')
    .requiredOption('--job <job>', 'job of the group')
    .addOption(
      new Option('--label <name=value>', 'further label of the grouping key; repeatable')
        .argParser(addLabel)
        .default({}, 'none'),
    )
    .option('--replace', 'replace the whole group (PUT), not only the metrics that are pushed')
    .addOption(
      new Option('--type <type>', 'metric type of the samples on the command line')
        .choices(SAMPLE_TYPES)
        .default('untyped'),
    )
    .option('--file <file>', 'file in the text format, or - for standard input')
    .option('--retry <count>', 'how often it is tried again', parseCount, 3)
    .addOption(createTimeoutOption('for everything', '30s'))
    .addOption(createTextOutputOption())
    .argument('[samples...]', 'NAME=VALUE or NAME{label="x"}=VALUE');
  addConnectionOptions(push).action(async (samples: readonly string[], options: PushOptions) => {
    const result = await runPush(samples, options);
    if (options.output === 'json' && result !== undefined) console.log(renderJson(result));
  });
}

/** Undefined for wrong usage. */
async function runPush(
  samples: readonly string[],
  options: PushOptions,
): Promise<Result | undefined> {
  const { job, label, file } = options;
  if ((file === undefined) === (samples.length === 0)) {
    console.error('error: give either samples or --file');
    process.exitCode = EXIT.usage;
    return undefined;
  }
  const target = resolveTarget(job, label);
  if (typeof target === 'string') {
    return refuse(renderPushTarget({ job, labels: toPairs(label) }), 'target_invalid', target);
  }
  const connection = resolveConnection(options);
  const body =
    file === undefined ? Buffer.from(renderSamples(samples, options.type)) : await readBody(file);
  const content = lintBody(body, target.key);
  if (content.effect === 'deny') {
    const { reason, detail = reason, hints = [] } = content;
    const lines = [`${reason}: ${detail}`, ...hints.map((hint) => `  ${hint}`)];
    return refuse(target.canonical, reason, lines.join('\n'));
  }
  const method = options.replace === true ? 'PUT' : 'POST';
  const verdict = await sendPatiently(
    connection,
    { method, path: target.canonical, body },
    {
      retries: options.retry,
      timeoutMs: options.timeout,
      onRepeat: (message) => console.error(`pushwarden: ${message}`),
    },
  );
  if (verdict.kind !== 'done') reportFailure(verdict);
  else if (verdict.isSpooled)
    console.error('pushwarden: kept: Pushgateway is away and gets it later');
  return resultOf(target.canonical, verdict, 'stored');
}

/** Before anything is sent. */
function refuse(target: string, reason: string, message: string): Result {
  reportFailure({ kind: 'refused', reason, message });
  return { target, outcome: 'refused', reason, message };
}

/** As the gateway would read it; or why it would refuse it. */
function resolveTarget(job: string, labels: PushOptions['label']): PushTarget | string {
  const rendered = renderPushTarget({ job, labels: toPairs(labels) });
  const target = parsePushTarget(rendered, { emptyValues: false });
  return target.effect === 'allow' ? target.value : `target_invalid: ${target.detail}`;
}

function toPairs(labels: PushOptions['label']) {
  return Object.entries(labels).map(([name, value]) => ({ name, value }));
}

async function readBody(file: string): Promise<Buffer> {
  if (file === '-') return await buffer(process.stdin);
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Error(`cannot read ${file}: ${describeReadError(cause)}`, { cause });
  }
}

function addLabel(
  text: string,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('must be NAME=VALUE');
  }
  if (Object.hasOwn(labels, name)) throw new InvalidArgumentError(`${name} is there twice`);
  return { ...labels, [name]: value };
}

function parseCount(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('must be a number from 0 to 999');
  return Number(text);
}
