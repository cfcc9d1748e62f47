import { createHash } from 'node:crypto';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { parseAuthorization } from '../core/identity/authorization-header.ts';
import { compileClaimConditions } from '../core/identity/claim-condition.ts';
import type { CredentialSpec } from '../core/identity/credential.ts';
import { REASONS, type Reason } from '../core/reason.ts';
import type { JwtVerifier } from '../credentials/jwt-verifier.ts';
import type { Verdict } from '../credentials/verify-jwt.ts';
import type { Step } from './explanation.ts';

/** What a token is good for, and why. */
export interface TokenExplanation {
  readonly decision: 'allow' | 'deny';
  readonly reason: Reason | 'ok';
  /** Of a refusal. */
  readonly status?: number;
  /** Of a JWT, if a key of its issuer proved them. */
  readonly claims?: object;
  readonly team?: string;
  readonly credential?: string;
  /** Up to the one that decides. */
  readonly steps: readonly Step[];
}

/** What is needed to look at a token as the gateway would. */
interface TokenContext {
  readonly teams: GatewayConfig['teams'];
  readonly verifier: JwtVerifier;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface Owned<Spec extends CredentialSpec> {
  readonly team: string;
  readonly spec: Spec;
}

/** Finds the credential that a token is, or the first condition that fails. */
export async function explainToken(
  token: string,
  context: TokenContext,
): Promise<TokenExplanation> {
  const presented = parseAuthorization(`Bearer ${token}`);
  if (presented.effect === 'deny') {
    return refuse(presented.reason, [step('header', 'deny', presented.internal ?? '')]);
  }
  const sha256 = createHash('sha256').update(token).digest('hex');
  const own = listOwned(context).find(
    ({ spec }) => spec.type === 'token' && spec.sha256 === sha256,
  );
  if (own !== undefined) return conclude(own, [], explainEnd(own, context.now));
  const notOwn = step('token', 'skip', `no credential has the SHA-256 ${sha256}`);
  const verdict = await context.verifier.verify(token);
  return verdict === undefined
    ? refuse('credential_invalid', [notOwn, step('jwt', 'deny', 'it is none: not three parts')])
    : explainVerdict(verdict, [notOwn], context);
}

function explainVerdict(
  verdict: Verdict,
  before: readonly Step[],
  context: TokenContext,
): TokenExplanation {
  switch (verdict.outcome) {
    case 'invalid':
      return {
        ...(verdict.claims && { claims: verdict.claims }),
        ...refuse('credential_invalid', [...before, step('jwt', 'deny', verdict.why)]),
      };
    case 'busy':
      return refuse('overloaded', [...before, step('jwt', 'deny', 'too many wait')]);
    case 'no_keys': {
      const detail = `issuer ${verdict.issuer}: its keys could not be loaded`;
      return refuse('issuer_unavailable', [...before, step('jwt', 'deny', detail)]);
    }
  }
  const { issuer, claims } = verdict;
  const steps = [...before, step('jwt', 'allow', `issuer ${issuer}: "sub" is "${claims.sub}"`)];
  for (const owned of listOwned(context)) {
    if (owned.spec.type !== 'jwt' || owned.spec.issuer !== issuer) continue;
    const failure = compileClaimConditions(owned.spec.claims)(claims);
    if (failure === undefined) {
      const tokenEnd =
        verdict.outcome === 'expired' ? `the token expired, "exp" is ${claims.exp}` : undefined;
      return { claims, ...conclude(owned, steps, tokenEnd ?? explainEnd(owned, context.now)) };
    }
    steps.push(step('credential', 'skip', `${describe(owned)}: ${failure}`));
  }
  steps.push(step('credential', 'deny', 'there is none for this token'));
  return { claims, ...refuse('credential_invalid', steps) };
}

function listOwned({ teams }: TokenContext): readonly Owned<CredentialSpec>[] {
  return teams.flatMap(({ name: team, credentials }) =>
    credentials.map((spec) => ({ team, spec })),
  );
}

/** @param end - why the credential is over, if it is */
function conclude(
  owned: Owned<CredentialSpec>,
  before: readonly Step[],
  end: string | undefined,
): TokenExplanation {
  const steps = [...before, step('credential', 'allow', describe(owned))];
  if (end !== undefined)
    return refuse('credential_expired', [...steps, step('expiry', 'deny', end)]);
  const { team, spec } = owned;
  return { decision: 'allow', reason: 'ok', team, credential: spec.name, steps };
}

function explainEnd({ spec }: Owned<CredentialSpec>, now: number): string | undefined {
  if (spec.expires === undefined || now < spec.expires) return undefined;
  return `the credential expired at ${new Date(spec.expires).toISOString()}`;
}

function describe({ team, spec }: Owned<CredentialSpec>): string {
  return `${spec.name} of team ${team}`;
}

function refuse(reason: Reason, steps: readonly Step[]): TokenExplanation {
  return { decision: 'deny', reason, status: REASONS[reason].status, steps };
}

function step(name: string, effect: Step['effect'], detail: string): Step {
  return { step: name, effect, detail };
}
