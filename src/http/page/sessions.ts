import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import type { Principal } from '../../core/identity/principal.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { CredentialFacts, Snapshot } from '../../pipeline/snapshot.ts';

/** Somebody who signed in. */
export interface Session {
  readonly principal: Principal;
  /** To be sent back with every form that changes something. */
  readonly csrf: string;
  /** Said once, on the next page. */
  notice: string | undefined;
}

/** Who is signed in; ids are kept as digests only. */
export interface Sessions {
  /**
   * Begins a session.
   * @param proof - the `Authorization` that has to be believed for as long as the session lasts;
   * left out for a credential that its configuration alone describes
   * @returns its id, for the cookie; undefined when the credential is not known any more
   */
  begin(principal: Principal, proof?: string): string | undefined;
  find(id: string): Session | undefined;
  /** What it was begun with, to be looked at again. */
  proofOf(id: string): string | undefined;
  end(id: string): void;
}

interface Kept extends Session {
  readonly credential: string;
  /** On the clock of dates. */
  readonly ends: number;
  /** The proof, sealed with the id: whoever reads this memory learns no token. */
  readonly sealed: Buffer | undefined;
}

/** More than people; the oldest go first. */
const MAX_SESSIONS = 10_000;
/** So that one team does not push out the sessions of others. */
const MAX_OF_TEAM = 200;
const ID_BYTES = 32;

/**
 * Creates the sessions of this process. A session ends with its time or its credential's, and as soon
 * as a configuration is in use in which its credential is not what it was.
 */
export function createSessions(
  snapshot: () => Pick<Snapshot, 'ui' | 'credentials'>,
  clock: Clock,
): Sessions {
  const kept = new Map<string, Kept>();
  const end = (id: string): void => void kept.delete(digest(id));
  return {
    begin(principal, proof) {
      const { ui } = snapshot();
      const facts = findFacts(snapshot(), principal);
      if (ui === undefined || facts === undefined) return undefined;
      const ends = Math.min(clock.now() + ui.sessionMs, facts.expires ?? Number.POSITIVE_INFINITY);
      const id = randomBytes(ID_BYTES).toString('base64url');
      const csrf = randomBytes(ID_BYTES).toString('base64url');
      kept.set(digest(id), {
        principal,
        csrf,
        notice: undefined,
        credential: facts.identity,
        ends,
        sealed: proof === undefined ? undefined : seal(proof, id),
      });
      dropOldest(kept, principal.team);
      return id;
    },
    find(id) {
      const session = kept.get(digest(id));
      if (session === undefined) return undefined;
      const facts = findFacts(snapshot(), session.principal);
      if (clock.now() < session.ends && facts?.identity === session.credential) return session;
      end(id);
      return undefined;
    },
    proofOf(id) {
      const sealed = kept.get(digest(id))?.sealed;
      return sealed && unseal(sealed, id);
    },
    end,
  };
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** Each key seals one text only. */
const NONCE = Buffer.alloc(12);

function seal(text: string, id: string): Buffer {
  const cipher = createCipheriv(CIPHER, sealingKey(id), NONCE);
  const sealed = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([cipher.getAuthTag(), ...sealed]);
}

function unseal(sealed: Buffer, id: string): string {
  const decipher = createDecipheriv(CIPHER, sealingKey(id), NONCE);
  decipher.setAuthTag(sealed.subarray(0, TAG_BYTES));
  return decipher.update(sealed.subarray(TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

function sealingKey(id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', id, '', 'proof of a session', KEY_BYTES));
}

/** Ends the oldest session of a team, or of all, that has too many. */
function dropOldest(kept: Map<string, Kept>, team: string): void {
  const own = [...kept].filter(([, { principal }]) => principal.team === team);
  const [oldest] = own.length > MAX_OF_TEAM ? own : kept;
  const isFull = own.length > MAX_OF_TEAM || kept.size > MAX_SESSIONS;
  if (isFull && oldest !== undefined) kept.delete(oldest[0]);
}

/** Whether a form was made for this session. */
export function isCsrfOf({ csrf }: Session, given: string): boolean {
  const [wanted, sent] = [Buffer.from(csrf), Buffer.from(given)];
  return wanted.length === sent.length && timingSafeEqual(wanted, sent);
}

function findFacts(
  { credentials }: Pick<Snapshot, 'credentials'>,
  { team, credential }: Principal,
): CredentialFacts | undefined {
  return credentials.find((facts) => facts.team === team && facts.name === credential);
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
