import type { GatewayConfig } from '../config/gateway-config.ts';
import { drainServer } from '../http/drain.ts';
import { listenBeside, listenReplaceably } from '../http/listen.ts';
import type { PublicSide } from './public-side.ts';

/** Enough to write the refusals of all that waited. */
const GIVE_UP_MS = 1000;

/** The port of the public side, which the gateway that this one replaces may still have too. */
export interface PublicPort {
  /** Listens beside that gateway, which has the audit log; what comes here waits. Never rejects. */
  readonly share: () => Promise<void>;
  /**
   * Listens, if that is still to be done.
   * @returns the URL
   * @throws GatewayError ERR_LISTEN when another program has the port
   */
  open(): Promise<string>;
  /** Refuses what waits; does nothing when nobody listens. */
  giveUp(): Promise<void>;
}

/**
 * Creates the port of a public side, not yet listening.
 * @param isShared - whether others listen on it too, for good
 */
export function createPublicPort(
  publicSide: PublicSide,
  { host, port }: GatewayConfig['listen'],
  isShared: boolean,
): PublicPort {
  const address = { host, port, key: 'listen' };
  const { server } = publicSide;
  let sharing: Promise<string | undefined> | undefined;
  return {
    async share() {
      // a port that cannot be shared may be free once that gateway has ended
      sharing = listenBeside(server, address).catch(() => undefined);
      await sharing;
    },
    async open() {
      const shared = await sharing;
      if (shared !== undefined) return shared;
      return await (isShared ? listenBeside : listenReplaceably)(server, address);
    },
    async giveUp() {
      if (!server.listening) return;
      publicSide.giveUp();
      await drainServer(server, GIVE_UP_MS);
    },
  };
}
