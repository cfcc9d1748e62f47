import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listSegments } from '../../src/audit/segments.ts';
import type { AuditRecord } from '../../src/core/audit/audit-record.ts';
import { nodeFileSystem } from '../../src/disk/file-system.ts';
import type { Scratch } from '../support/scratch.ts';

/** Every record of a log on the disk, in the order of its segments. */
export function readAuditFiles(file: string): readonly AuditRecord[] {
  return listSegments(nodeFileSystem, file).flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line)])),
  );
}

/** A disk of `size` that is gone with the test. */
export async function mountSmallDisk(
  scratch: Scratch,
  size: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(scratch.path, 'disk');
  await mkdir(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'pushwarden-test', path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', ['--lazy', path]);
    },
  };
}

/** The command that runs a program whose calls on `file` fail as strace is told. */
export function underStrace(file: string, ...injections: readonly string[]): readonly string[] {
  const inject = injections.flatMap((injection) => ['-e', `inject=${injection}`]);
  return [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-P',
    file,
    '-e',
    'trace=fdatasync,write',
    ...inject,
  ];
}
