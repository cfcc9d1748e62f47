import { createHash } from 'node:crypto';
import { hashSync } from '@node-rs/bcrypt';

/** A credential with both of its sides: what the configuration holds and what a client sends. */
export interface TestCredential {
  /** For `credentials` of a team in the configuration. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Of a `basic` credential. */
  readonly username?: string;
  readonly secret: string;
  /** Value of the `Authorization` header. */
  readonly authorization: string;
}

/** The least that bcrypt takes: tests are about the gateway, not about the cost of a hash. */
const BCRYPT_COST = 4;

/** A `basic` credential, named after its user. */
export function basicCredential(
  username: string,
  secret = `pass word of ${username}: é`,
): TestCredential {
  const userPass = Buffer.from(`${username}:${secret}`).toString('base64');
  return {
    spec: { type: 'basic', username, password_hash: hashSync(secret, { cost: BCRYPT_COST }) },
    username,
    secret,
    authorization: `Basic ${userPass}`,
  };
}

/** A `token` credential; the token is made of its name. */
export function tokenCredential(name: string): TestCredential {
  const secret = `pwt_${Buffer.from(`token of ${name}`).toString('base64url')}`;
  const sha256 = createHash('sha256').update(secret).digest('hex');
  return { spec: { type: 'token', name, sha256 }, secret, authorization: `Bearer ${secret}` };
}
