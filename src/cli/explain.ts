import { type Command, InvalidArgumentError, Option } from 'commander';
import { renderProblem } from '../config/engine/problem.ts';
import { loadConfig } from '../config/load.ts';
import { type IpAddress, parseIpAddress } from '../core/network/ip-address.ts';
import { compilePolicy } from '../core/policy/policy.ts';
import { EXIT } from './exit.ts';
import { type Explanation, explainDecision, renderSteps } from './explanation.ts';

interface ExplainOptions {
  readonly config: string;
  readonly team: string;
  readonly from?: IpAddress;
  readonly output: 'text' | 'json';
}

/** Adds `explain`: exit status 0 for an allowed request, 3 for a denied one, 2 without the team. */
export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('show every step of the decision about a request of a team')
    .requiredOption('--config <file>', 'the configuration')
    .requiredOption('--team <name>', 'who would send it')
    .option('--from <ip>', 'where it would come from', parseFrom)
    .addOption(new Option('--output <format>').choices(['text', 'json']).default('text'))
    .argument('<method>', 'such as PUT')
    .argument('<target>', 'the path as in the request line')
    .action(async (method: string, rawTarget: string, options: ExplainOptions) => {
      const loaded = await loadConfig(options.config, { now: Date.now(), readsSecrets: false });
      if (!loaded.ok) {
        for (const problem of loaded.problems) console.error(renderProblem(problem));
        process.exitCode = EXIT.failed;
        return;
      }
      const { config } = loaded;
      const team = compilePolicy(config.teams).team(options.team);
      if (team === undefined) {
        console.error(`pushwarden: there is no team "${options.team}"`);
        process.exitCode = EXIT.usage;
        return;
      }
      const question = { team, method, rawTarget, from: options.from };
      const explanation = explainDecision(question, config);
      console.log(
        options.output === 'json' ? JSON.stringify(explanation, null, 2) : render(explanation),
      );
      if (explanation.decision === 'deny') process.exitCode = EXIT.refused;
    });
}

function render({ decision, reason, status, wouldRefuse = [], steps }: Explanation): string {
  const doubts = [
    ...(wouldRefuse.length > 0
      ? [`only observed, would be refused: ${wouldRefuse.join(', ')}`]
      : []),
    ...(steps.some(({ effect }) => effect === 'skip')
      ? ['networks were not looked at: give --from']
      : []),
  ];
  const allowed = ['ALLOW', ...(doubts.length > 0 ? [`(${doubts.join('; ')})`] : [])].join(' ');
  const verdict = decision === 'allow' ? allowed : `DENY: ${status} ${reason}`;
  return [...renderSteps(steps), verdict].join('\n');
}

function parseFrom(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new InvalidArgumentError('must be an IP address');
  return address;
}
