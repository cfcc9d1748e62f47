import { isIP } from 'node:net';

const HOST = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::\d{0,5})?$/;

/**
 * Whether a request was meant for the admin side: a web page can have the name of its own server
 * lead to an address of the operator's network, and its requests then carry that name.
 * @param host - the `Host` header
 * @param names - beside addresses and `localhost`, lower case
 */
export function isAdminHost(host: string | undefined, names: readonly string[]): boolean {
  const name = HOST.exec(host ?? '')?.[1]?.toLowerCase();
  if (name === undefined) return false;
  const bare = name.startsWith('[') ? name.slice(1, -1) : name;
  return isIP(bare) !== 0 || bare === 'localhost' || names.includes(bare);
}
