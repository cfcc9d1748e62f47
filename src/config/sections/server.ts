import { z } from 'zod';
import { parseDuration, parseSize } from '../../core/units.ts';
import * as value from '../engine/values.ts';

/** `server`. */
export const server = z
  .strictObject({
    header_timeout: value.timeout.default('10s').describe('for the head of a request'),
    body_timeout: value.timeout.default('30s').describe('for the body of a push'),
    idle_timeout: value.timeout.default('15s').describe('without a byte from or to the client'),
    headers: value.count.default(200).describe('headers of one request'),
    chunks: value.count.default(10_000).describe('chunks of one chunked body'),
    waiting: value.count.default(1000).describe('pushes of one team that wait their turn'),
    reuse_port: z
      .boolean()
      .default(false)
      .describe('several gateways listen on one port of the machine, which shares it out'),
    keep_alive: value.timeout.default('75s').describe('for an idle connection to stay open'),
    drain_timeout: value.timeout.default('30s').describe('for what is under way at a stop'),
    connections: value.count.default(5000).describe('open connections; more are closed at once'),
    connections_per_client: value.count
      .default(1000)
      .describe('without a proved credential, by client address or IPv6 network of 64 bits'),
    bytes_in_flight: value.size.default('256MiB').describe('bodies in memory, over all requests'),
    password_hashes: value.count.default(2).describe('password hashes computed at once'),
  })
  .prefault({})
  .describe('bounds of the public server');

export interface ServerConfig {
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly headers: number;
  readonly chunks: number;
  /** Pushes of one team that wait their turn. */
  readonly waiting: number;
  /** Whether other gateways listen on the port too. */
  readonly reusePort: boolean;
  readonly keepAliveMs: number;
  readonly drainTimeoutMs: number;
  readonly connections: number;
  /** Of one client, without a proved credential. */
  readonly connectionsPerClient: number;
  readonly bytesInFlight: number;
  /** Password hashes computed at once. */
  readonly passwordHashes: number;
}

/** Units converted. */
export function resolveServer(raw: z.output<typeof server>): ServerConfig {
  return {
    headerTimeoutMs: parseDuration(raw.header_timeout),
    bodyTimeoutMs: parseDuration(raw.body_timeout),
    idleTimeoutMs: parseDuration(raw.idle_timeout),
    headers: raw.headers,
    chunks: raw.chunks,
    waiting: raw.waiting,
    reusePort: raw.reuse_port,
    keepAliveMs: parseDuration(raw.keep_alive),
    drainTimeoutMs: parseDuration(raw.drain_timeout),
    connections: raw.connections,
    connectionsPerClient: raw.connections_per_client,
    bytesInFlight: parseSize(raw.bytes_in_flight),
    passwordHashes: raw.password_hashes,
  };
}
