import { hash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { LRUCache } from 'lru-cache';
import { createFairQueue } from '../core/fair-queue.ts';
import type { IssuerSpec } from '../core/identity/issuer.ts';
import { renderQuoted } from '../core/printable.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { KeySet, Keys } from './key-set.ts';
import { CLOCK_TOLERANCE, countTries, isJwt, type Verdict, verifyJwt } from './verify-jwt.ts';

/** Somebody whose tokens are believed, and the keys that prove them. */
export interface Issuer {
  readonly spec: IssuerSpec;
  readonly keys: KeySet;
}

/** Verifies tokens of the configured issuers. */
export interface JwtVerifier {
  /**
   * Never rejects: whatever is wrong with a JWT makes it invalid; undefined for what is none.
   * @param source - who asks; those who ask more wait for one another, not the others for them
   */
  verify(token: string, source?: string): Promise<Verdict | undefined>;
}

/** What an issuer's keys said to a token. */
interface Attempt {
  readonly verdict: Verdict;
  readonly issuer: Issuer;
  readonly keys: Keys | undefined;
}

/** Tokens remembered; each was valid, so nobody else can fill the memory. */
const MAX_REMEMBERED = 4096;
/** Issuers that a refusal names. */
const MAX_NAMED = 3;
/** Tokens whose signature is verified at once: of the few threads of the process, files need some. */
const PARALLEL = 2;
/** Tokens that may wait for that, over all sources. */
const MAX_WAITING = 64;

/**
 * Creates a verifier. A token that was valid is remembered by its digest for as long as it lives
 * and the keys that proved it are in use; others wait for their turn, the sources in turns. Several issuers may have the same `iss`, as clusters with
 * default settings do: then the keys tell them apart.
 */
export function createJwtVerifier(issuers: readonly Issuer[], clock: Clock): JwtVerifier {
  const byClaim = Map.groupBy(issuers, ({ spec }) => spec.issuer);
  const valid = new LRUCache<string, Attempt>({ max: MAX_REMEMBERED });
  const underWay = new Map<string, Promise<Verdict>>();
  const signatures = createFairQueue({ parallel: PARALLEL, maxWaiting: MAX_WAITING });

  const recall = (digest: string): Verdict | undefined => {
    const known = valid.get(digest);
    const isInUse = known !== undefined && known.issuer.keys.current() === known.keys;
    return isInUse && !hasExpired(known.verdict, clock) ? known.verdict : undefined;
  };

  const verifyInTurn = async (
    source: string,
    ...asked: Parameters<typeof verifyJwt>
  ): Promise<Verdict> => {
    const verdict = await signatures.run(source, () => verifyJwt(...asked));
    return verdict === 'dropped' ? { outcome: 'busy' } : verdict;
  };
  const verifyAnew = async (token: string, digest: string, source: string): Promise<Verdict> => {
    const iss = readIssuer(token);
    const tries = countTries();
    const verdicts: Verdict[] = [];
    for (const issuer of byClaim.get(iss) ?? []) {
      const attempt = await attemptWith(issuer, (keys) =>
        verifyInTurn(source, token, keys, issuer.spec, clock.now(), tries),
      );
      verdicts.push(attempt.verdict);
      if (attempt.verdict.outcome === 'busy') break;
      if (attempt.verdict.outcome !== 'valid') continue;
      valid.set(digest, attempt);
      return attempt.verdict;
    }
    return verdicts.length === 0 ? refuseStranger(iss, byClaim) : chooseVerdict(verdicts);
  };

  return {
    async verify(token, source = '') {
      const digest = hash('sha256', token);
      const known = recall(digest);
      if (known !== undefined) return known;
      if (!isJwt(token)) return undefined;
      const running = underWay.get(digest);
      if (running !== undefined) return await running;
      const begun = verifyAnew(token, digest, source).finally(() => underWay.delete(digest));
      underWay.set(digest, begun);
      return await begun;
    },
  };
}

/** Holds the token against keys of the issuer, loaded anew where it asks for one that is not known. */
async function attemptWith(
  issuer: Issuer,
  verify: (keys: Keys) => Promise<Verdict>,
): Promise<Attempt> {
  const keys = issuer.keys.current() ?? (await issuer.keys.load());
  if (keys === undefined)
    return { verdict: { outcome: 'no_keys', issuer: issuer.spec.name }, issuer, keys };
  const verdict = await verify(keys);
  if (verdict.outcome !== 'invalid' || !verdict.isKeyUnknown) return { verdict, issuer, keys };
  const more = await issuer.keys.loadBeyond(keys);
  if (more === undefined || more === keys) return { verdict, issuer, keys };
  return { verdict: await verify(more), issuer, keys: more };
}

/** Of those that were not valid, one that says more than that. */
function chooseVerdict(verdicts: readonly Verdict[]): Verdict {
  const telling = verdicts.find(({ outcome }) => outcome !== 'invalid');
  if (telling !== undefined) return telling;
  const invalid = verdicts.filter((verdict) => verdict.outcome === 'invalid');
  const proved = invalid.find(({ claims }) => claims !== undefined);
  return proved ?? { outcome: 'invalid', why: invalid.map(({ why }) => why).join('; ') };
}

/** A token of somebody else, or of an issuer whose name was not copied to the letter. */
function refuseStranger(iss: string, known: ReadonlyMap<string, unknown>): Verdict {
  const names = [...known.keys()].slice(0, MAX_NAMED).map(renderQuoted);
  const others = names.length === 0 ? '' : `, only for ${names.join(', ')}`;
  const why = `no issuer is configured for the "iss" ${renderQuoted(iss)}${others}`;
  return { outcome: 'invalid', why };
}

function hasExpired(verdict: Verdict, clock: Clock): boolean {
  const exp = 'claims' in verdict ? verdict.claims.exp : undefined;
  return exp === undefined || exp + CLOCK_TOLERANCE <= clock.now() / 1000;
}

/** Who a token says it is of, empty for nobody; nothing is proved yet. */
export function readIssuer(token: string): string {
  try {
    const iss: unknown = decodeJwt(token).iss; // whatever the token says
    return typeof iss === 'string' ? iss : '';
  } catch {
    return '';
  }
}
