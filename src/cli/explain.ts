import { type Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import type { Decision } from '../core/decision.ts';
import { parseEndpoint } from '../core/endpoint.ts';
import { type IpAddress, parseIpAddress } from '../core/ip-address.ts';
import { type Attributes, compilePolicy, POLICY_CHECKS, type TeamPolicy } from '../core/policy.ts';
import { type PushTarget, parsePushTarget } from '../core/push-target.ts';
import { EXIT } from './exit.ts';

interface ExplainOptions {
  readonly config: string;
  readonly team: string;
  readonly from?: IpAddress;
  readonly output: 'text' | 'json';
}

/** One step of a decision in words. */
interface Step {
  readonly step: string;
  readonly effect: 'allow' | 'deny';
  readonly detail: string;
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
    .argument('<method>')
    .argument('<target>', 'the path as in the request line')
    .action(async (method: string, target: string, options: ExplainOptions) => {
      const loaded = await loadConfig(options.config, { now: Date.now(), readsSecrets: false });
      if (!loaded.ok) {
        for (const problem of loaded.problems) console.error(renderProblem(problem));
        process.exitCode = EXIT.failed;
        return;
      }
      const team = compilePolicy(loaded.config.teams).team(options.team);
      if (team === undefined) {
        console.error(`there is no team ${options.team}`);
        process.exitCode = EXIT.usage;
        return;
      }
      const steps = explain(team, method, target, options.from);
      console.log(options.output === 'json' ? JSON.stringify(steps, null, 2) : renderSteps(steps));
      if (steps.at(-1)?.effect !== 'allow') process.exitCode = EXIT.refused;
    });
}

/** The steps that `admit` would take after it knew the team, up to the first that denies. */
function explain(
  team: TeamPolicy,
  method: string,
  rawTarget: string,
  from: IpAddress | undefined,
): readonly Step[] {
  const steps: Step[] = [];
  const note = <T>(
    step: string,
    decision: Decision<T>,
    describe: (value: T) => string,
  ): boolean => {
    const { effect } = decision;
    const detail =
      decision.effect === 'allow'
        ? describe(decision.value)
        : [decision.reason, decision.detail, ...(decision.hints ?? [])].filter(Boolean).join(': ');
    steps.push({ step, effect, detail });
    return effect === 'allow';
  };

  const endpoint = parseEndpoint(method, rawTarget);
  if (!note('endpoint', endpoint, ({ action }) => action) || endpoint.effect === 'deny')
    return steps;
  const { action } = endpoint.value;

  let target: PushTarget | undefined;
  if (action !== 'read') {
    const parsed = parsePushTarget(rawTarget, { emptyValues: action === 'delete' });
    if (!note('target', parsed, renderKey) || parsed.effect === 'deny') return steps;
    target = parsed.value;
  }
  for (const { name, check } of POLICY_CHECKS) {
    if (name === 'network' && from === undefined) {
      steps.push({ step: name, effect: 'allow', detail: 'not checked: give --from' });
      continue;
    }
    const attributes: Attributes = {
      action,
      address: from ?? UNKNOWN,
      ...(target && { key: target.key }),
    };
    if (!note(name, check(team, attributes), (rule) => rule)) return steps;
  }
  const upstream = target?.canonical ?? rawTarget;
  return [...steps, { step: 'upstream', effect: 'allow', detail: `${method} ${upstream}` }];
}

/** Stands for an address where none is looked at. */
const UNKNOWN: IpAddress = { text: '0.0.0.0', family: 'ipv4' };

function renderKey({ key }: PushTarget): string {
  const labels = [{ name: 'job', value: key.job }, ...key.labels];
  return labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(' ');
}

function renderSteps(steps: readonly Step[]): string {
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.map(
    ({ step, effect, detail }) => `${step.padEnd(width)}  ${effect.padEnd(5)}  ${detail}`,
  );
  const verdict = steps.at(-1)?.effect === 'allow' ? 'ALLOW' : 'DENY';
  return [...lines, verdict].join('\n');
}

function parseFrom(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new InvalidArgumentError('must be an IP address');
  return address;
}
