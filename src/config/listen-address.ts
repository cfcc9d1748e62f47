import type { ListenAddress } from './types.ts';

/** Reads `127.0.0.1:9091`, `[::1]:9091` or `:9091`, which the schema let pass. */
export function parseListenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(text.slice(colon + 1)) };
}
