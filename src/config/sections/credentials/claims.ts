import { parseClaimPath } from '../../../core/identity/claim-condition.ts';
import type { Finding } from '../../engine/problem.ts';
import type { RawCredentialOf } from './credential.ts';

type Path = readonly PropertyKey[];
type Claims = RawCredentialOf<'jwt'>['claims'];
type Issuers = Readonly<Record<string, { readonly issuer: string }>>;

/** Names on GitHub change hands, and what `sub` looks like changed in 2026. */
const GITHUB = 'https://token.actions.githubusercontent.com';
const STABLE_CLAIMS = ['repository_id', 'repository_owner_id'];

/** A glob that asks for nothing but that the claim is there. */
const EVERYTHING = /^\*+$/;

/** Checks the conditions of a jwt credential. */
export function checkClaims(
  path: Path,
  credential: RawCredentialOf<'jwt'>,
  issuers: Issuers,
): readonly Finding[] {
  const issuer = issuers[credential.issuer];
  const names = Object.keys(credential.claims);
  const telling = names.filter((name) => {
    const value = credential.claims[name] ?? [];
    return ![value].flat().some((one) => EVERYTHING.test(String(one)));
  });
  const findings = Object.entries(credential.claims).flatMap(([claim, value]) =>
    checkClaim([...path, 'claims', claim], claim, value),
  );
  if (issuer === undefined) {
    findings.push(error([...path, 'issuer'], `there is no issuer ${credential.issuer}`));
  }
  if (names.length === 0) {
    const message = 'must have a condition: without one every token of the issuer would do';
    findings.push(error([...path, 'claims'], message));
  }
  const doubt = explainDoubt(names, telling, issuer?.issuer ?? '');
  if (doubt !== undefined) {
    findings.push({ severity: 'warning', path: [...path, 'claims'], message: doubt });
  }
  return findings;
}

/** @param telling - the claims of which not every value will do */
function explainDoubt(
  names: readonly string[],
  telling: readonly string[],
  issuer: string,
): string | undefined {
  if (issuer.startsWith(GITHUB) && !STABLE_CLAIMS.some((name) => telling.includes(name))) {
    return `does not ask for ${STABLE_CLAIMS.join(' or ')}: names on GitHub change hands`;
  }
  const isOpen = names.length > 0 && telling.length === 0;
  return isOpen ? 'lets in every token of the issuer that has these claims' : undefined;
}

function checkClaim(path: Path, claim: string, value: Claims[string]): Finding[] {
  const values = Array.isArray(value) ? value : [value];
  if (parseClaimPath(claim) === undefined) {
    return [error(path, 'is neither the name of a claim nor a JSON pointer such as /a~1b/c')];
  }
  if (values.length === 0) return [error(path, 'must have at least one value')];
  if (values.some((one) => typeof one === 'number' && !Number.isSafeInteger(one))) {
    return [error(path, 'has a number that is not exact: put it in quotes')];
  }
  return [];
}

function error(path: Path, message: string): Finding {
  return { severity: 'error', path, message };
}
