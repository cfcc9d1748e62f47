import { resolve as resolvePath } from 'node:path';
import { checkNamedFile, type NamedFile } from './engine/named-file.ts';
import type { Finding } from './engine/problem.ts';
import type { RawConfig } from './schema.ts';
import { listAuditFiles } from './sections/audit.ts';
import { listCredentials, type PlacedCredential } from './sections/credentials/credential.ts';
import { inspectHtpasswd } from './sections/credentials/htpasswd.ts';
import { checkUserNames } from './sections/credentials/user-names.ts';
import { listIssuersFiles } from './sections/issuers.ts';
import { listSpoolFiles } from './sections/spool.ts';
import { listStateFiles } from './sections/state.ts';
import { listTlsFiles } from './sections/tls.ts';
import { listUpstreamsFiles } from './sections/upstreams.ts';

/**
 * Reads every file and variable that the configuration names, to say at its key what is wrong.
 * @param now - milliseconds since the epoch
 */
export function checkFiles(config: RawConfig, directory: string, now: number): readonly Finding[] {
  return [
    ...listNamed(config, directory, now).flatMap(checkNamedFile),
    ...checkUserNames(listCredentials(config.teams), directory),
  ];
}

/** Lists the files that the configuration names, absolute. */
export function listFiles(config: RawConfig, directory: string): readonly string[] {
  return listNamed(config, directory, 0).flatMap(({ file }) => file ?? []);
}

function listNamed(config: RawConfig, directory: string, now: number): readonly NamedFile[] {
  return [
    ...listUpstreamsFiles(config, directory),
    ...listAuditFiles(config.audit, directory),
    ...(config.spool ? listSpoolFiles(config.spool, directory) : []),
    ...(config.state ? listStateFiles(config.state, directory) : []),
    ...(config.tls ? listTlsFiles(config.tls, directory, now) : []),
    ...listIssuersFiles(config.issuers, directory),
    ...listCredentials(config.teams).flatMap((placed) => listHtpasswd(placed, directory)),
  ];
}

function listHtpasswd(
  { path, credential }: PlacedCredential,
  directory: string,
): readonly NamedFile[] {
  if (credential.type !== 'htpasswd') return [];
  const file = resolvePath(directory, credential.file);
  return [{ path: [...path, 'file'], file, inspect: () => inspectHtpasswd(file) }];
}
