import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import {
  type ClientCertificate,
  parseSubjectAltNames,
} from '../core/identity/client-certificate.ts';

/** The certificates that clients showed when they connected. */
export interface ClientCertificates {
  /** Takes note of what a client shows, at the end of the handshake. */
  note(socket: TLSSocket): void;
  /** Of one connection; undefined when its client showed none. */
  of(socket: Socket): ClientCertificate | undefined;
  /** Holds open connections against other authorities; new ones are held against them by TLS. */
  trust(authorities: string | undefined): void;
}

/** What a connection's certificate was found to be at the time. */
interface Shown {
  readonly certificate: ClientCertificate;
  readonly trusted: ReadonlySet<string>;
  /** SHA-256 of each certificate from the client's own to the authority's. */
  readonly chain: readonly string[];
}

/**
 * Creates the client certificates of a server.
 * @param authorities - PEM text; undefined when clients are not asked for a certificate
 */
export function createClientCertificates(authorities: string | undefined): ClientCertificates {
  let pem = authorities;
  let trusted = listFingerprints(pem);
  const shown = new WeakMap<Socket, Shown>();
  return {
    note(socket) {
      const certificate = readCertificate(socket);
      if (certificate === undefined) return;
      const chain = listChain(socket.getPeerCertificate(true));
      shown.set(socket, { certificate, chain, trusted });
    },
    of(socket) {
      const found = shown.get(socket);
      if (found === undefined) return undefined;
      const { certificate, chain } = found;
      const isTrusted = found.trusted === trusted || chain.some((one) => trusted.has(one));
      return isTrusted ? certificate : { distrust: 'its authority was removed', ...certificate };
    },
    trust(next) {
      if (next === pem) return;
      pem = next;
      trusted = listFingerprints(next);
    },
  };
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
  const own = socket.getPeerX509Certificate();
  if (own === undefined) return undefined;
  return {
    ...parseSubjectAltNames(own.subjectAltName ?? ''),
    fingerprint: renderFingerprint(own.fingerprint256),
    notAfter: own.validToDate.getTime(),
    ...(!socket.authorized && { distrust: String(socket.authorizationError) }),
  };
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
