import type { IssuerSpec } from '../core/identity/issuer.ts';
import type { TeamSpec } from '../core/policy/policy-spec.ts';

/**
 * A complete configuration: every default applied, every unit converted (milliseconds, bytes),
 * every path absolute, every secret read. Plain, frozen data.
 */
export interface GatewayConfig {
  readonly listen: ListenAddress;
  readonly tls?: TlsConfig;
  readonly trustedProxies: readonly string[];
  readonly admin: ListenAddress | undefined;
  readonly upstream: UpstreamConfig;
  /** CIDRs; undefined admits every network. */
  readonly allowNetworks: readonly string[] | undefined;
  readonly denyNetworks: readonly string[];
  readonly issuers: readonly IssuerSpec[];
  readonly server: ServerConfig;
  readonly failures: { readonly perMs: number; readonly limit: number };
  readonly teams: readonly TeamSpec[];
  readonly audit: AuditConfig;
  /** `sha256:` and the hash of the file as read. */
  readonly hash: string;
}

export interface ListenAddress {
  /** Empty for every address of the machine. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** TLS on the public side; everything is PEM text. */
export interface TlsConfig {
  /** The gateway's own certificate, then those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates; left out: clients are not asked for one. */
  readonly clientCa?: string;
}

export interface UpstreamConfig {
  readonly pushgateway: PushgatewayConfig;
  /** From when a request is let through to the end of the upstream's answer. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  /** PEM certificates that the upstream's certificate must chain to. */
  readonly ca?: string;
}

/** A Pushgateway that somebody runs, or the program of one that is a child of the gateway's. */
export type PushgatewayConfig =
  | {
      readonly kind: 'running';
      /** Origin and path prefix, without a slash at the end. */
      readonly url: string;
    }
  | { readonly kind: 'child'; readonly command: string; readonly args: readonly string[] };

interface ServerConfig {
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly connections: number;
  readonly bytesInFlight: number;
  /** Password hashes computed at once. */
  readonly passwordHashes: number;
}

export interface AuditConfig {
  /** Absolute path. */
  readonly file: string;
  readonly sync: 'batch' | 'none';
  readonly onFailure: 'deny' | 'continue';
  /** Bytes after which a new segment begins. */
  readonly rotateBytes: number;
  /** Rotated segments that stay. */
  readonly keep: number;
  /** Path of the ed25519 private key that signs checkpoints. */
  readonly signKeyFile?: string;
}
