import { lstatSync, statSync } from 'node:fs';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import { findForeignKind, kindOf } from '../../core/file-kind.ts';
import { SPOOL_FILES } from '../../core/spool/spool-files.ts';
import { parseDuration, parseSize } from '../../core/units.ts';
import type { NamedFile, Remark } from '../engine/named-file.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';

/** `spool`: keeps pushes while the upstream is away. */
export const spool = z
  .strictObject({
    dir: value.path.default('./spool').describe('a directory of its own; it is made if need be'),
    max_size: value.size.default('256MiB').describe('bytes that may wait; over it: 503'),
    max_age: value.duration.default('24h').describe('what waits longer is given up'),
    restore: z
      .boolean()
      .default(true)
      .describe('push again what Pushgateway had acknowledged and lost in a restart'),
  })
  .describe('keeps pushes on disk while the upstream is away; off unless given');

/** Pushes are kept on disk while the upstream is away. */
export interface SpoolConfig {
  /** Absolute path. */
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly isRestoring: boolean;
}

type RawSpool = z.output<typeof spool>;

/** Units converted, the path absolute. */
export function resolveSpool(raw: RawSpool, { directory }: Source): SpoolConfig {
  return {
    directory: resolvePath(directory, raw.dir),
    maxBytes: parseSize(raw.max_size),
    maxAgeMs: parseDuration(raw.max_age),
    isRestoring: raw.restore,
  };
}

/** The directory, and what the gateway will write in it. */
export function listSpoolFiles(raw: RawSpool, directory: string): readonly NamedFile[] {
  const path = resolvePath(directory, raw.dir);
  // The files are the gateway's own: who follows the files that are named does not want them.
  return [{ path: ['spool', 'dir'], file: undefined, inspect: () => inspectDirectory(path) }];
}

function inspectDirectory(directory: string): readonly Remark[] {
  const parent = dirname(directory);
  if (statSync(parent, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return [{ severity: 'error', message: `there is no directory ${parent}` }];
  }
  const status = statSync(directory, { throwIfNoEntry: false });
  if (status === undefined) return [];
  if (!status.isDirectory()) {
    return [{ severity: 'error', message: `${directory} is no directory` }];
  }
  return SPOOL_FILES.flatMap((name): readonly Remark[] => {
    const file = join(directory, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    const message = stats && findForeignKind(file, kindOf(stats));
    return message === undefined ? [] : [{ severity: 'error', message }];
  });
}
