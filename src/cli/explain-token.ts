import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { renderProblem } from '../config/engine/problem.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { loadConfig } from '../config/load.ts';
import { createJwtVerifier, type Issuer, readIssuer } from '../credentials/jwt-verifier.ts';
import { type KeySet, openKeySet } from '../credentials/key-set.ts';
import { EXIT } from './exit.ts';
import { renderSteps } from './explanation.ts';
import { promptHidden } from './prompt-hidden.ts';
import { explainToken, type TokenExplanation } from './token-explanation.ts';

interface ExplainTokenOptions {
  readonly config: string;
  readonly output: 'text' | 'json';
}

const CLOCK = { now: () => Date.now(), monotonic: () => performance.now() };

/** Adds `explain-token`: exit status 0 for a token that is a credential, 3 for any other. */
export function registerExplainToken(program: Command): void {
  program
    .command('explain-token')
    .description('show what a token from standard input is good for, and why')
    .requiredOption('--config <file>', 'the configuration')
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .action(async (options: ExplainTokenOptions) => {
      const loaded = await loadConfig(options.config, { now: Date.now() });
      if (!loaded.ok) {
        for (const problem of loaded.problems) console.error(renderProblem(problem));
        process.exitCode = EXIT.failed;
        return;
      }
      const explanation = await explain(await readToken(), loaded.config);
      console.log(
        options.output === 'json' ? JSON.stringify(explanation, null, 2) : render(explanation),
      );
      if (explanation.decision === 'deny') process.exitCode = EXIT.refused;
    });
}

/** As it is, or as a header has it. */
async function readToken(): Promise<string> {
  const input = process.stdin.isTTY ? await promptHidden('Token: ') : await text(process.stdin);
  return input.trim().replace(/^(?:authorization: *)?bearer +/i, '');
}

async function explain(token: string, config: GatewayConfig): Promise<TokenExplanation> {
  const iss = readIssuer(token);
  const issuers = config.issuers.map((spec): Issuer => {
    return { spec, keys: spec.issuer === iss ? open(spec) : UNASKED };
  });
  try {
    const verifier = createJwtVerifier(issuers, CLOCK);
    return await explainToken(token, { teams: config.teams, verifier, now: CLOCK.now() });
  } finally {
    await Promise.all(issuers.map(({ keys }) => keys.close()));
  }
}

/** Keys of an issuer that the token is not of: nothing has to be loaded for it. */
const UNASKED: KeySet = {
  current: () => undefined,
  load: async () => undefined,
  loadBeyond: async () => undefined,
  close: async () => {},
};

function open(spec: GatewayConfig['issuers'][number]): KeySet {
  const observer = {
    loaded: () => {},
    failed: (error: unknown) => console.error(`pushwarden: issuer ${spec.name}: ${error}`),
  };
  return openKeySet(spec, CLOCK, observer);
}

function render({ decision, reason, status, claims, steps }: TokenExplanation): string {
  return [
    ...(claims === undefined ? [] : [JSON.stringify(claims, null, 2)]),
    ...renderSteps(steps),
    decision === 'allow' ? 'ALLOW' : `DENY: ${status} ${reason}`,
  ].join('\n');
}
