import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A key pair of an issuer. */
export interface SigningKey {
  /** As it stands in a JSON Web Key Set. */
  readonly publicJwk: JWK;
  /** Signs claims as they are, adding none; `header` may replace what the key says of itself. */
  sign(claims: object, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Makes a key pair. */
export async function createSigningKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (claims, header) =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  };
}
