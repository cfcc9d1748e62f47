import type { CredentialSpec } from '../core/identity/credential.ts';

/** A credential and the team it belongs to. */
export interface TeamCredential<Spec extends CredentialSpec> {
  readonly team: string;
  readonly spec: Spec;
}
