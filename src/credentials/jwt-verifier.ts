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
interface Attempt extends IssuerKeys {
  readonly verdict: Verdict;
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
    /** One issuer after the other, until one proves the token. */
    const tryAll = async (asked: readonly IssuerKeys[]): Promise<readonly Attempt[]> => {
      const attempts: Attempt[] = [];
      for (const { issuer, keys } of asked) {
        const verdict: Verdict =
          keys === undefined
            ? { outcome: 'no_keys', issuer: issuer.spec.name }
            : await verifyInTurn(source, token, keys, issuer.spec, clock.now(), tries);
        attempts.push({ verdict, issuer, keys });
        if (verdict.outcome === 'valid' || verdict.outcome === 'busy') break;
      }
      return attempts;
    };
    const first = await tryAll(await loadAll(byClaim.get(iss) ?? []));
    const again = await tryAll(await loadBeyondAll(first));
    const attempts = [...again, ...first.filter(({ issuer }) => !isAmong(issuer, again))];
    const proved = attempts.find(({ verdict }) => verdict.outcome === 'valid');
    if (proved !== undefined) {
      valid.set(digest, proved);
      return proved.verdict;
    }
    const verdicts = attempts.map(({ verdict }) => verdict);
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

/** An issuer, and its keys if there are any. */
interface IssuerKeys {
  readonly issuer: Issuer;
  readonly keys: Keys | undefined;
}

/** The keys of several issuers; those that have to be loaded, at the same time. */
async function loadAll(issuers: readonly Issuer[]): Promise<readonly IssuerKeys[]> {
  return await Promise.all(
    issuers.map(async (issuer) => {
      return { issuer, keys: issuer.keys.current() ?? (await issuer.keys.load()) };
    }),
  );
}

/** What issuers have instead where the token asks for a key that they did not have; the same. */
async function loadBeyondAll(attempts: readonly Attempt[]): Promise<readonly IssuerKeys[]> {
  const isProved = attempts.some(({ verdict }) => verdict.outcome === 'valid');
  const asked = isProved ? [] : attempts;
  const loaded = await Promise.all(
    asked.map(async ({ issuer, keys, verdict }) => {
      const isKnown = verdict.outcome !== 'invalid' || verdict.isKeyUnknown !== true;
      const more = isKnown || keys === undefined ? keys : await issuer.keys.loadBeyond(keys);
      return more === undefined || more === keys ? [] : [{ issuer, keys: more }];
    }),
  );
  return loaded.flat();
}

function isAmong(issuer: Issuer, attempts: readonly Attempt[]): boolean {
  return attempts.some((attempt) => attempt.issuer === issuer);
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
