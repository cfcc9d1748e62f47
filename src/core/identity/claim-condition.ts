import { compileGlobs } from '../matcher.ts';
import { renderPrintable, renderQuoted } from '../printable.ts';

/** The claims of a JWT, as its issuer wrote them. */
type Claims = Readonly<Record<string, unknown>>;

/** What a claim must be. */
export interface ClaimCondition {
  /** Name of a claim, or, when it begins with `/`, a JSON pointer to one that is nested. */
  readonly claim: string;
  /** Globs; one must cover the claim, or one member of it if it is a list. */
  readonly patterns: readonly string[];
}

/**
 * Holds claims against conditions, compiled once.
 * @returns the first condition that fails, in words for the operator; undefined when all hold
 */
export type ClaimTest = (claims: Claims) => string | undefined;

/** Bytes of a claim's value that an explanation shows. */
const SHOWN_BYTES = 120;
const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;
const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Compiles conditions, all of which must hold. Text is compared: a number or a boolean counts as
 * JSON writes it. An integer that JavaScript cannot hold exactly, `null` and an object match
 * nothing.
 * @throws TypeError for a claim that `parseClaimPath` does not read; the configuration is checked
 */
export function compileClaimConditions(conditions: readonly ClaimCondition[]): ClaimTest {
  const tests = conditions.map(compileCondition);
  return (claims) => {
    for (const test of tests) {
      const failure = test(claims);
      if (failure !== undefined) return failure;
    }
    return undefined;
  };
}

/**
 * Reads where a claim is: `ref`, `oidc.circleci.com/project-id`, `/kubernetes.io/namespace`.
 * @returns the steps to it; undefined for a pointer that is none
 * @see RFC 6901 section 4
 */
export function parseClaimPath(claim: string): readonly string[] | undefined {
  if (!claim.startsWith('/')) return claim === '' ? undefined : [claim];
  if (!POINTER.test(claim)) return undefined;
  const steps = claim.slice(1).split('/');
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function compileCondition({ claim, patterns }: ClaimCondition): ClaimTest {
  const path = parseClaimPath(claim);
  if (path === undefined) throw new TypeError(`${claim} is not a JSON pointer`);
  const globs = compileGlobs(patterns);
  const wanted = patterns.map((pattern) => renderQuoted(pattern)).join(' or ');
  return (claims) => {
    const value = path.reduce(stepInto, claims);
    const members = Array.isArray(value) ? value : [value];
    if (members.map(renderClaim).some((text) => text !== undefined && globs.matches(text))) {
      return undefined;
    }
    if (value === undefined) return `there is no claim ${renderQuoted(claim)}`;
    const found = renderPrintable(JSON.stringify(value), SHOWN_BYTES);
    return `claim ${renderQuoted(claim)} is ${found}, not ${wanted}`;
  };
}

function stepInto(value: unknown, step: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return INDEX.test(step) ? value[Number(step)] : undefined;
  return Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined;
}

function renderClaim(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return String(value);
    case 'number':
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
    default:
      return undefined;
  }
}
