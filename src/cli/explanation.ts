import type { GatewayConfig } from '../config/gateway-config.ts';
import { allow, type Decision, type Deny, deny } from '../core/decision.ts';
import type { IpAddress } from '../core/network/ip-address.ts';
import { compileNetworks } from '../core/network/network-set.ts';
import { createObservation } from '../core/policy/observation.ts';
import { POLICY_CHECKS, type PolicyCheck, type TeamPolicy } from '../core/policy/policy.ts';
import type { Action } from '../core/policy/policy-spec.ts';
import { REASONS, type Reason } from '../core/reason.ts';
import { pickByHash } from '../core/rendezvous.ts';
import { CHECKS, type CheckName } from '../core/request/checks.ts';
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
  /** `pass`: would be denied if the team were not only observed. */
  readonly effect: 'allow' | 'deny' | 'skip' | 'pass';
  readonly detail: string;
}

/** What would become of the request, and why. */
export interface Explanation {
  readonly decision: 'allow' | 'deny';
  readonly reason: Reason | 'ok';
  /** Of a refusal; an allowed request gets Pushgateway's. */
  readonly status?: number;
  /** Of an allowed request of a team that is only observed. */
  readonly wouldRefuse?: readonly Reason[];
  /** Up to the first that denies. */
  readonly steps: readonly Step[];
}

/** Makes the checks of the table that `admit` makes, but for those that need a request to be there. */
export function explainDecision(question: Question, config: GatewayConfig): Explanation {
  const steps: Step[] = [];
  const { passes, wouldDeny } = createObservation(question.team.mode);
  for (const { step, decision } of listSteps(question, config)) {
    if (decision === undefined) {
      steps.push({ step, effect: 'skip', detail: 'depends on the address: give --from' });
    } else if (decision.effect === 'allow') {
      steps.push({ step, effect: 'allow', detail: decision.value });
    } else if (step !== 'gateway_network' && passes(decision)) {
      steps.push({ step, effect: 'pass', detail: renderDeny(decision) });
    } else {
      const { reason } = decision;
      const { status } = REASONS[reason];
      steps.push({ step, effect: 'deny', detail: renderDeny(decision) });
      return { decision: 'deny', reason, status, steps };
    }
  }
  const wouldRefuse = wouldDeny.map(({ reason }) => reason);
  const observed = wouldRefuse.length > 0 && { wouldRefuse };
  return { decision: 'allow', reason: 'ok', ...observed, steps };
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
  const { method } = question;
  const rawTarget = withoutPathPrefix(question.rawTarget, config.pathPrefix);
  const health = parseHealthEndpoint(method, rawTarget);
  if (health !== undefined) {
    const decision = inWords(health, () => 'open to everybody, from every network');
    yield { step: 'endpoint', decision };
    return;
  }
  const parsed = parseQuestion({ ...question, rawTarget }, config);
  for (const { name, actions } of CHECKS) {
    const explain = EXPLAINED[name];
    if (explain === NEEDS_REQUEST || !isAbout(actions, parsed.action)) continue;
    yield { step: name, decision: explain(parsed) };
  }
  const { target } = parsed;
  const isWrite = parsed.action !== 'read' && target.effect === 'allow';
  const path = isWrite ? target.value.canonical : withoutQuery(rawTarget);
  yield { step: 'upstream', decision: allow(`${method} ${renderUpstream(parsed)}${path}`) };
}

/** A question with what can be read out of it. */
interface ParsedQuestion extends Question {
  readonly config: GatewayConfig;
  readonly endpoint: ReturnType<typeof parseEndpoint>;
  /** Undefined when there is no such endpoint. */
  readonly action: Action | undefined;
  /** Nothing of it counts in a read. */
  readonly target: Decision<PushTarget>;
}

function parseQuestion(question: Question, config: GatewayConfig): ParsedQuestion {
  const { method, rawTarget } = question;
  const endpoint = parseEndpoint(method, rawTarget);
  const action = endpoint.effect === 'allow' ? endpoint.value.action : undefined;
  const target = parsePushTarget(rawTarget, { emptyValues: action === 'delete' });
  return { ...question, config, endpoint, action, target };
}

function isAbout(actions: readonly Action[], action: Action | undefined): boolean {
  return action === undefined || actions.includes(action);
}

/** Explains one check; undefined when there is no address to decide about. */
type Explain = (question: ParsedQuestion) => Decision<string> | undefined;

/** What only a request that is there can be held against. */
const NEEDS_REQUEST = 'needs a request';

/** A row for every check of the table. */
const EXPLAINED: Readonly<Record<CheckName, Explain | typeof NEEDS_REQUEST>> = {
  draining: NEEDS_REQUEST,
  framing: NEEDS_REQUEST,
  gateway_network: ({ from, config }) => from && checkGatewayNetworks(from, config),
  credential: NEEDS_REQUEST,
  cross_site: NEEDS_REQUEST,
  endpoint: ({ endpoint }) => inWords(endpoint, ({ action }) => action),
  target: ({ target }) => inWords(target, renderKey),
  permission: explainPolicy('permission'),
  job: explainPolicy('job'),
  network: (question) => question.from && explainPolicy('network')(question),
  labels: explainPolicy('labels'),
  required_labels: explainPolicy('required_labels'),
  label_limits: explainPolicy('label_limits'),
  no_body: NEEDS_REQUEST,
  declared_body: NEEDS_REQUEST,
  team_limits: NEEDS_REQUEST,
  body: NEEDS_REQUEST,
  content: NEEDS_REQUEST,
  store: NEEDS_REQUEST,
  audit: NEEDS_REQUEST,
};

function explainPolicy(name: PolicyCheck['name']): Explain {
  return ({ team, action, from, target }) => {
    const row = POLICY_CHECKS.find((check) => check.name === name);
    if (row === undefined || action === undefined) throw new TypeError(`no check ${name}`);
    const key = action !== 'read' && target.effect === 'allow' && { key: target.value.key };
    return row.check(team, { action, address: from ?? UNKNOWN, ...key });
  };
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

/** Those of a team: several where there are `urls`. */
function upstreamsOf(
  { upstreams, teams }: GatewayConfig,
  team: string,
): GatewayConfig['upstreams'] {
  const named = teams.find(({ name }) => name === team)?.upstream ?? upstreams[0]?.upstream;
  return upstreams.filter(({ upstream }) => upstream === named);
}

/** A child's address is not known before it runs. */
function renderUpstream({ config, team, action, endpoint, target }: ParsedQuestion): string {
  const { upstreams } = config;
  const isRead = action === 'read' && endpoint.effect === 'allow';
  const asked = isRead && 'upstream' in endpoint.value ? endpoint.value.upstream : undefined;
  if (isRead && asked === undefined && upstreams.length > 1) {
    return `${upstreams.map(({ name }) => name).join(' + ')} `;
  }
  const one =
    upstreams.find(({ name }) => name === asked) ??
    pickByHash(
      upstreamsOf(config, team.name),
      ({ pushgateway }) => (pushgateway.kind === 'running' ? pushgateway.url : ''),
      target.effect === 'allow' ? target.value.key.job : '',
    );
  return one?.pushgateway.kind === 'running' ? one.pushgateway.url : '';
}

function renderKey({ key }: PushTarget): string {
  const labels = [{ name: 'job', value: key.job }, ...key.labels];
  return labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(' ');
}

function renderDeny({ reason, detail, hints = [] }: Deny): string {
  return [detail ?? REASONS[reason].title, ...hints].join('; ');
}
