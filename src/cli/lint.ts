import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { describeReadError } from '../config/engine/secrets.ts';
import { resolveLimits } from '../config/sections/limits.ts';
import { DEFAULT_DENY } from '../config/sections/metrics.ts';
import type { Decision } from '../core/decision.ts';
import type { MediaType } from '../core/exposition/media-type.ts';
import { parseProtobufExposition } from '../core/exposition/protobuf/protobuf-exposition.ts';
import type { ContentScope, PushContent } from '../core/exposition/push-content.ts';
import { parseTextExposition } from '../core/exposition/text/text-exposition.ts';
import { compileGlobs } from '../core/matcher.ts';
import { type ContentRules, checkContent } from '../core/policy/content-rules.ts';
import { EXIT } from './exit.ts';

interface LintOptions {
  readonly format: MediaType;
}

const PARSERS = {
  text: parseTextExposition,
  protobuf: parseProtobufExposition,
} as const satisfies Record<MediaType, typeof parseTextExposition>;

/** What a team starts from: the grouping key has a job, and the defaults of every limit hold. */
const SCOPE: ContentScope = {
  key: { job: 'lint', labels: [] },
  limits: resolveLimits(),
  watchedLabels: new Set(),
};
const RULES: ContentRules = {
  families: {
    allow: undefined,
    deny: compileGlobs(DEFAULT_DENY),
    foreign: compileGlobs([]),
  },
  labels: new Map(),
};

/** Adds `lint`: exit status 0, or 3 when a push of the file would be refused for its content. */
export function registerLint(program: Command): void {
  program
    .command('lint')
    .description('check the body of a push without pushing it, under the default limits')
    .addOption(
      new Option('--format <name>')
        .choices(['text', 'protobuf'])
        .default('text' satisfies MediaType),
    )
    .argument('<file>', 'the body, or - for standard input')
    .action(async (file: string, { format }: LintOptions) => {
      const body = await (file === '-' ? buffer(process.stdin) : readBody(file));
      const decision = lint(body, format);
      console.log(render(decision, file === '-' ? 'stdin' : file));
      if (decision.effect === 'deny') process.exitCode = EXIT.refused;
    });
}

async function readBody(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Error(`cannot read ${file}: ${describeReadError(cause)}`, { cause });
  }
}

function lint(body: Buffer, format: MediaType): Decision<PushContent> {
  const content = PARSERS[format](body, SCOPE);
  return content.effect === 'deny' ? content : checkContent(content.value, RULES);
}

/** `FILE:LINE: problem`, what to do, and what it all came to. */
function render(decision: Decision<PushContent>, file: string): string {
  if (decision.effect === 'allow') {
    const { families, series } = decision.value;
    return `SUCCESS: ${families.length} families, ${series} series`;
  }
  const { reason, detail = reason, hints = [] } = decision;
  const problem = `${file}: ${detail}`.replace(/: line (\d+): /, ':$1: ');
  return [problem, ...hints.map((hint) => `  ${hint}`), `FAILED: ${reason}`].join('\n');
}
