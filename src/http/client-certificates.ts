import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { type ClientCertificate, parseSubjectAltNames } from '../core/client-certificate.ts';

/** The certificates that clients showed when they connected. */
export interface ClientCertificates {
  /** Of one connection; undefined when its client showed none. */
  of(socket: Socket): ClientCertificate | undefined;
  /** Holds open connections against other authorities; new ones are held against them by TLS. */
  trust(authorities: string | undefined): void;
}

/** What a connection's certificate was found to be, once. */
interface Shown {
  readonly certificate: ClientCertificate;
  /** SHA-256 of each certificate from the client's own to the authority's. */
  readonly chain: readonly string[];
}

/**
 * Creates the client certificates of a server.
 * @param authorities - PEM text; undefined when clients are not asked for a certificate
 */
export function createClientCertificates(authorities: string | undefined): ClientCertificates {
  let trusted = listFingerprints(authorities);
  const shown = new WeakMap<Socket, Shown | undefined>();
  const look = (socket: Socket): Shown | undefined => {
    if (!shown.has(socket)) shown.set(socket, readShown(socket));
    return shown.get(socket);
  };
  return {
    of(socket) {
      const found = look(socket);
      if (found === undefined) return undefined;
      const { certificate, chain } = found;
      const isTrusted = chain.some((fingerprint) => trusted.has(fingerprint));
      if (isTrusted || certificate.distrust !== undefined) return certificate;
      return { ...certificate, distrust: 'its authority was removed' };
    },
    trust(next) {
      trusted = listFingerprints(next);
    },
  };
}

function readShown(socket: Socket): Shown | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const own = socket.getPeerX509Certificate();
  if (own === undefined) return undefined;
  const certificate = {
    ...parseSubjectAltNames(own.subjectAltName ?? ''),
    fingerprint: renderFingerprint(own.fingerprint256),
    notAfter: own.validToDate.getTime(),
    ...(!socket.authorized && { distrust: String(socket.authorizationError) }),
  };
  return { certificate, chain: listChain(socket.getPeerCertificate(true)) };
}

function listChain(leaf: DetailedPeerCertificate): readonly string[] {
  const chain: string[] = [];
  let at: DetailedPeerCertificate | undefined = leaf;
  while (at !== undefined && !chain.includes(at.fingerprint256)) {
    chain.push(at.fingerprint256);
    at = at.issuerCertificate;
  }
  return chain.map(renderFingerprint);
}

function listFingerprints(pem = ''): ReadonlySet<string> {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return new Set(
    blocks.map((block) => renderFingerprint(new X509Certificate(block).fingerprint256)),
  );
}

/** `AB:CD` is `abcd`. */
function renderFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}
