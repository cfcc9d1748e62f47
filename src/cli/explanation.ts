import type { GatewayConfig } from '../config/gateway-config.ts';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { compileNetworks } from '../core/network/network-set.ts';
import { type Attributes, POLICY_CHECKS, type TeamPolicy } from '../core/policy/policy.ts';
import { REASONS, type Reason } from '../core/reason.ts';
import { parseEndpoint, parseHealthEndpoint, withoutQuery } from '../core/request/endpoint.ts';
import { withoutPathPrefix } from '../core/request/path-prefix.ts';
import { type PushTarget, parsePushTarget } from '../core/target/push-target.ts';

/** A request that somebody might send. */
export interface Question {
  readonly team: TeamPolicy;
  readonly method: string;
  /** As in the request line. */
  readonly rawTarget: string;
  /** Left out: what depends on the address is not checked. */
  readonly from: IpAddress | undefined;
}

/** One step of a decision, in words. */
export interface Step {
  readonly step: string;
  readonly effect: 'allow' | 'deny' | 'skip';
  readonly detail: string;
}

/** What would become of the request, and why. */
export interface Explanation {
  readonly decision: 'allow' | 'deny';
  readonly reason: Reason | 'ok';
  /** Of a refusal; an allowed request gets Pushgateway's. */
  readonly status?: number;
  /** Up to the first that denies. */
  readonly steps: readonly Step[];
}

/** Takes the steps that `admit` takes, but for those that need a request to be there. */
export function explainDecision(question: Question, config: GatewayConfig): Explanation {
  const steps: Step[] = [];
  for (const { step, decision } of listSteps(question, config)) {
    if (decision === undefined) {
      steps.push({ step, effect: 'skip', detail: 'depends on the address: give --from' });
    } else if (decision.effect === 'allow') {
      steps.push({ step, effect: 'allow', detail: decision.value });
    } else {
      const { reason } = decision;
      const { status } = REASONS[reason];
      steps.push({ step, effect: 'deny', detail: renderDeny(decision) });
      return { decision: 'deny', reason, status, steps };
    }
  }
  return { decision: 'allow', reason: 'ok', steps };
}

/** A line for each step, in columns. */
export function renderSteps(steps: readonly Step[]): readonly string[] {
  const width = Math.max(...steps.map(({ step }) => step.length));
  return steps.map(
    ({ step, effect, detail }) => `${effect.padEnd(5)}  ${step.padEnd(width)}  ${detail}`,
  );
}

interface Taken {
  readonly step: string;
  /** Undefined when there is no address to decide about. */
  readonly decision: Decision<string> | undefined;
}

function* listSteps(question: Question, config: GatewayConfig): Generator<Taken, void> {
  const { team, method, from } = question;
  const rawTarget = withoutPathPrefix(question.rawTarget, config.pathPrefix);
  const health = parseHealthEndpoint(method, rawTarget);
  if (health !== undefined) {
    const decision = inWords(health, () => 'open to everybody, from every network');
    yield { step: 'endpoint', decision };
    return;
  }
  yield { step: 'gateway_network', decision: from && checkGatewayNetworks(from, config) };

  const endpoint = parseEndpoint(method, rawTarget);
  yield { step: 'endpoint', decision: inWords(endpoint, (value) => value.action) };
  if (endpoint.effect === 'deny') return;
  const { action } = endpoint.value;

  const options = { emptyValues: action === 'delete' };
  const target = action === 'read' ? undefined : parsePushTarget(rawTarget, options);
  if (target !== undefined) yield { step: 'target', decision: inWords(target, renderKey) };
  if (target?.effect === 'deny') return;

  const key = target && { key: target.value.key };
  const attributes: Attributes = { action, address: from ?? UNKNOWN, ...key };
  for (const { name: step, check } of POLICY_CHECKS) {
    const isSkipped = step === 'network' && from === undefined;
    yield { step, decision: isSkipped ? undefined : check(team, attributes) };
  }
  const path = target?.value.canonical ?? withoutQuery(rawTarget);
  yield { step: 'upstream', decision: allow(`${method} ${renderUpstream(config)}${path}`) };
}

function inWords<T>(decision: Decision<T>, render: (value: T) => string): Decision<string> {
  return decision.effect === 'allow' ? allow(render(decision.value)) : decision;
}

/** Stands for an address where none is looked at. */
const UNKNOWN: IpAddress = { text: '0.0.0.0', family: 'ipv4' };

function checkGatewayNetworks(
  from: IpAddress,
  { allowNetworks, denyNetworks }: GatewayConfig,
): Decision<string> {
  if (compileNetworks(denyNetworks).contains(from)) {
    return deny('network_not_allowed', `deny_networks: ${from.text}`);
  }
  if (allowNetworks === undefined) return allow('the gateway is open to every network');
  return compileNetworks(allowNetworks).contains(from)
    ? allow(`allow_networks: ${from.text}`)
    : deny('network_not_allowed', `${from.text} is not in allow_networks`);
}

function renderUpstream({ upstream: { pushgateway } }: GatewayConfig): string {
  return pushgateway.kind === 'running' ? pushgateway.url : '';
}

function renderKey({ key }: PushTarget): string {
  const labels = [{ name: 'job', value: key.job }, ...key.labels];
  return labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(' ');
}

function renderDeny({ reason, detail, hints = [] }: Deny): string {
  return [detail ?? REASONS[reason].title, ...hints].join('; ');
}
