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
import type { KeptSession, SessionStore } from '../../pipeline/shared-state.ts';
import type { CredentialFacts, Snapshot } from '../../pipeline/snapshot.ts';

/** Somebody who signed in. */
export interface Session extends Pick<KeptSession, 'principal' | 'csrf' | 'notice'> {
  readonly id: string;
}

/** Who is signed in; ids are kept as digests only. */
export interface Sessions {
  /**
   * Begins a session.
   * @param proof - the `Authorization` that has to be believed for as long as the session lasts;
   * left out for a credential that its configuration alone describes
   * @returns its id, for the cookie; undefined when the credential is not known any more
   */
  begin(principal: Principal, proof?: string): Promise<string | undefined>;
  find(id: string): Promise<Session | undefined>;
  /** What it was begun with, to be looked at again. */
  proofOf(id: string): Promise<string | undefined>;
  /** Says something on the next page of a session, or nothing any more. */
  note(id: string, notice: string | undefined): Promise<void>;
  end(id: string): Promise<void>;
}

const ID_BYTES = 32;

/**
 * Creates sessions. One ends with its time or its credential's, and as soon as a configuration is in
 * use in which its credential is not what it was.
 */
export function createSessions(
  snapshot: () => Pick<Snapshot, 'ui' | 'credentials'>,
  clock: Clock,
  store: SessionStore,
): Sessions {
  const end = (id: string): Promise<void> => store.delete(digest(id));
  return {
    async begin(principal, proof) {
      const { ui } = snapshot();
      const facts = findFacts(snapshot(), principal);
      if (ui === undefined || facts === undefined) return undefined;
      const ends = Math.min(clock.now() + ui.sessionMs, facts.expires ?? Number.POSITIVE_INFINITY);
      const id = randomBytes(ID_BYTES).toString('base64url');
      const csrf = randomBytes(ID_BYTES).toString('base64url');
      const sealed = proof === undefined ? undefined : seal(proof, id);
      const begun = { principal, csrf, notice: undefined, credential: facts.identity };
      await store.put(digest(id), { ...begun, ends, sealed });
      return id;
    },
    async find(id) {
      const session = await store.get(digest(id));
      if (session === undefined) return undefined;
      const { principal, csrf, notice, ends, credential } = session;
      const facts = findFacts(snapshot(), principal);
      if (clock.now() < ends && facts?.identity === credential) {
        return { id, principal, csrf, notice };
      }
      await end(id);
      return undefined;
    },
    async proofOf(id) {
      const sealed = (await store.get(digest(id)))?.sealed;
      return sealed && unseal(sealed, id);
    },
    note: (id, notice) => store.note(digest(id), notice),
    end,
  };
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** Each key seals one text only. */
const NONCE = Buffer.alloc(12);

function seal(text: string, id: string): string {
  const cipher = createCipheriv(CIPHER, sealingKey(id), NONCE);
  const sealed = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([cipher.getAuthTag(), ...sealed]).toString('base64');
}

function unseal(text: string, id: string): string {
  const sealed = Buffer.from(text, 'base64');
  const decipher = createDecipheriv(CIPHER, sealingKey(id), NONCE);
  decipher.setAuthTag(sealed.subarray(0, TAG_BYTES));
  return decipher.update(sealed.subarray(TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

function sealingKey(id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', id, '', 'proof of a session', KEY_BYTES));
}

/** Whether a form was made for this session. */
export function isCsrfOf({ csrf }: Pick<Session, 'csrf'>, given: string): boolean {
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
