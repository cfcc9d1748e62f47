import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAuditFileName } from '../../core/audit/audit-file-names.ts';
import { findForeignKind, kindOf } from '../../core/file-kind.ts';
import { type Remark, renderMode } from '../engine/named-file.ts';
import { assertSigningKey } from '../engine/pem.ts';
import { describeReadError } from '../engine/secrets.ts';

/** Rights of others than the owner. */
const OTHERS = 0o077;
const READ_BY_EVERYBODY = 0o004;

/**
 * Looks at every name where the gateway will write, rename or remove a file of the audit log. It
 * makes the files, but not the directory that they are in.
 */
export function inspectAuditFiles(file: string): readonly Remark[] {
  const directory = dirname(file);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return [{ severity: 'error', message: `there is no directory ${directory}` }];
  }
  try {
    const names = readdirSync(directory).filter((name) => isAuditFileName(basename(file), name));
    return names.map((name) => join(directory, name)).flatMap(inspectOwnFile);
  } catch (error) {
    const message = `cannot list ${directory}: ${describeReadError(error)}`;
    return [{ severity: 'error', message }];
  }
}

function inspectOwnFile(path: string): readonly Remark[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const problem = findForeignKind(path, kindOf(stats));
  if (problem !== undefined) return [{ severity: 'error', message: problem }];
  if ((stats.mode & OTHERS) === 0) return [];
  const mode = renderMode(stats.mode);
  const message = `${path} has mode ${mode}: others have rights to it, the gateway will take them away`;
  return [{ severity: 'warning', message }];
}

/** Whoever reads the private key can write a log that verifies. */
export function inspectSigningKey(file: string): readonly Remark[] {
  assertSigningKey(file);
  const { mode } = statSync(file);
  if ((mode & READ_BY_EVERYBODY) === 0) return [];
  const message = `${file} has mode ${renderMode(mode)}: everybody can sign with it; chmod 600`;
  return [{ severity: 'warning', message }];
}
