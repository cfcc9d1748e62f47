import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { parsePeerAddress } from '../core/network/client-address.ts';
import { createSharedPeerWatch } from '../core/network/shared-peer.ts';
import type { OperationalLog } from '../pipeline/ports.ts';
import type { Snapshot } from '../pipeline/snapshot.ts';

/** Warns once when an allow-list is set and the addresses it is about do not get here. */
export function warnOfSharedPeer(
  server: Server,
  snapshot: () => Snapshot,
  log: OperationalLog,
): void {
  const watch = createSharedPeerWatch();
  server.on('connection', ({ remoteAddress }: Socket) => {
    const peer = parsePeerAddress(remoteAddress);
    const { allowNetworks, trustedProxies } = snapshot();
    if (peer === undefined || allowNetworks === undefined || trustedProxies.contains(peer)) return;
    const shared = watch(peer);
    if (shared === undefined) return;
    log.warn('all connections come from one private address: allow_networks sees no clients', {
      peer_ip: shared.text,
      fix: 'pass client addresses on, or name the proxy in trusted_proxies; see docs/operate/threat-model.md',
    });
  });
}
