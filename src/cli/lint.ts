import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { renderProblem } from '../config/engine/problem.ts';
import { describeReadError } from '../config/engine/secrets.ts';
import { loadConfig } from '../config/load.ts';
import { resolveLimits } from '../config/sections/limits.ts';
import { DEFAULT_DENY } from '../config/sections/metrics.ts';
import { type Decision, type Deny, deny } from '../core/decision.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import { readProtobuf } from '../core/exposition/protobuf/protobuf-exposition.ts';
import type { ContentScope, PushContent, ReadExposition } from '../core/exposition/push-content.ts';
import {
  listSuspiciousLines,
  type SuspiciousLine,
} from '../core/exposition/text/suspicious-lines.ts';
import { readText } from '../core/exposition/text/text-exposition.ts';
import { compileGlobs } from '../core/matcher.ts';
import {
  type ContentRules,
  createFamilyRules,
  listContentProblems,
} from '../core/policy/content-rules.ts';
import type { TeamLimits } from '../core/policy/limits.ts';
import { compilePolicy } from '../core/policy/policy.ts';
import { EXIT } from './exit.ts';

interface LintOptions {
  readonly format: MediaType;
  readonly config?: string;
  readonly team?: string;
}

/** What a body is held against: the defaults, or what a team may push. */
interface LintRules extends ContentRules {
  readonly limits: TeamLimits;
  readonly watchedLabels: ReadonlySet<string>;
}

/** So many problems of a file are shown. */
const MOST = 100;

const READERS = { text: readText, protobuf: readProtobuf } as const satisfies Record<
  MediaType,
  unknown
>;

const DEFAULT_RULES: LintRules = {
  families: createFamilyRules({
    allow: undefined,
    deny: compileGlobs(DEFAULT_DENY),
    foreign: compileGlobs([]),
  }),
  labels: new Map(),
  limits: resolveLimits(),
  watchedLabels: new Set(),
};

/** Adds `lint`: exit status 0, or 3 when a push of the file would be refused for its content. */
export function registerLint(program: Command): void {
  program
    .command('lint')
    .description(
      'check the body of a push without pushing it: all that is wrong with it, and what looks wrong',
    )
    .addOption(
      new Option('--format <name>')
        .choices(['text', 'protobuf'])
        .default('text' satisfies MediaType),
    )
    .option('--config <file>', 'a configuration: its limits and rules for --team')
    .option('--team <name>', 'who would push it; without, the default limits and denied names')
    .argument('<file>', 'the body, or - for standard input')
    .action(async (file: string, options: LintOptions) => {
      const rules = await findRules(options);
      if (typeof rules === 'number') {
        process.exitCode = rules;
        return;
      }
      const body = await (file === '-' ? buffer(process.stdin) : readBody(file));
      const { problems, content } = lint(body, options.format, rules);
      const name = file === '-' ? 'stdin' : file;
      const warnings = problems.length > 0 ? [] : suspect(body, options.format);
      console.log([...renderWarnings(warnings, name), render(problems, content, name)].join('\n'));
      if (problems.length > 0) process.exitCode = EXIT.refused;
    });
}

/** The rules of the team, or the exit status when there are none, which has been explained. */
async function findRules({ config, team }: LintOptions): Promise<LintRules | number> {
  if (config === undefined && team === undefined) return DEFAULT_RULES;
  if (config === undefined || team === undefined) {
    console.error('pushwarden: --config and --team go together');
    return EXIT.usage;
  }
  const loaded = await loadConfig(config, { now: Date.now(), readsSecrets: false });
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(renderProblem(problem));
    return EXIT.failed;
  }
  const policy = compilePolicy(loaded.config.teams).team(team);
  if (policy !== undefined) return policy;
  console.error(`pushwarden: there is no team "${team}"`);
  return EXIT.usage;
}

async function readBody(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Error(`cannot read ${file}: ${describeReadError(cause)}`, { cause });
  }
}

function lint(body: Buffer, format: MediaType, rules: LintRules): ReadExposition {
  const { limits, watchedLabels } = rules;
  const scope: ContentScope = { key: { job: 'lint', labels: [] }, limits, watchedLabels };
  const { content, problems } = READERS[format](body, scope, MOST + 1);
  const size = body.byteLength > limits.decoded ? [denySize(limits)] : [];
  const refused = content.effect === 'deny' ? [] : listContentProblems(content.value, rules);
  return { content, problems: [...size, ...problems, ...refused] };
}

/** What could be pushed, and hardly means what it says. */
function suspect(body: Buffer, format: MediaType): readonly SuspiciousLine[] {
  return format === 'text' ? listSuspiciousLines(body.toString('utf8'), MOST) : [];
}

function renderWarnings(warnings: readonly SuspiciousLine[], file: string): readonly string[] {
  return warnings.flatMap(({ line, problem, hints }) => [
    `${file}:${line}: warning: ${problem}`,
    ...hints.map((hint) => `  ${hint}`),
  ]);
}

function denySize({ decoded }: TeamLimits): Deny {
  return deny(
    'decoded_too_large',
    `the body is larger than the ${decoded} bytes of limits.decoded`,
  );
}

/** `FILE:LINE: problem` and what to do for each, and what it all came to. */
function render(problems: readonly Deny[], content: Decision<PushContent>, file: string): string {
  if (content.effect === 'allow' && problems.length === 0) {
    const { families, series } = content.value;
    return `SUCCESS: ${plural(families.length, 'family', 'families')}, ${series} series`;
  }
  const lines = problems.slice(0, MOST).flatMap(({ reason, detail = reason, hints = [] }) => {
    const problem = `${file}: ${detail}`.replace(/: line (\d+): /, ':$1: ');
    return [problem, ...hints.map((hint) => `  ${hint}`)];
  });
  const count =
    problems.length > MOST
      ? `over ${MOST} problems`
      : plural(problems.length, 'problem', 'problems');
  const reasons = [...new Set(problems.map(({ reason }) => reason))];
  return [...lines, `FAILED: ${count} (${reasons.join(', ')})`].join('\n');
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
