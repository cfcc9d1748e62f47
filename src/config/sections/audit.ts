import { basename, dirname, join, resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import { nameUnknownLog } from '../../core/audit/audit-file-names.ts';
import { parseDuration, parseSize } from '../../core/units.ts';
import type { NamedFile } from '../engine/named-file.ts';
import type { Source } from '../engine/source.ts';
import * as value from '../engine/values.ts';
import { inspectAuditFiles, inspectSigningKey } from './audit-files.ts';

/** `audit`. */
export const audit = z
  .strictObject({
    file: value.path.default('./audit.jsonl').describe('the newest segment'),
    sync: z
      .enum(['batch', 'none'])
      .default('batch')
      .describe('none: the system writes when it likes'),
    on_failure: z
      .enum(['deny', 'continue'])
      .default('deny')
      .describe('what becomes of pushes while the log cannot be written'),
    rotate: value.size.default('100MiB').describe('size at which a new segment begins'),
    keep: value.count.default(30).describe('closed segments that stay'),
    keep_for: z
      .union([z.literal('none'), value.duration])
      .default('none')
      .describe('how long closed segments stay at most'),
    reads: z
      .enum(['all', 'changes', 'none'])
      .default('all')
      .describe('which allowed reads are recorded; refused ones always are'),
    unknown: z
      .strictObject({
        rotate: value.size.default('10MiB').describe('size at which a new segment begins'),
        keep: value.count.default(5).describe('closed segments that stay'),
      })
      .prefault({})
      .describe('refusals of unknown callers: files of their own'),
    sign_key: z
      .union([z.literal('none'), z.strictObject({ file: value.path.describe('PEM private key') })])
      .default('none')
      .describe('Ed25519 key that signs checkpoints; see `pushwarden audit keygen`'),
  })
  .prefault({})
  .describe('the audit log');

type RawAudit = z.output<typeof audit>;

export interface AuditConfig {
  /** Absolute path. */
  readonly file: string;
  readonly sync: 'batch' | 'none';
  readonly onFailure: 'deny' | 'continue';
  /** Bytes after which a new segment begins. */
  readonly rotateBytes: number;
  /** Rotated segments that stay. */
  readonly keep: number;
  /** How long they stay at most, milliseconds. */
  readonly keepForMs?: number;
  readonly reads: 'all' | 'changes' | 'none';
  /** Path of the ed25519 private key that signs checkpoints. */
  readonly signKeyFile?: string;
  /** Where refusals of unknown callers go. */
  readonly unknown: {
    readonly file: string;
    readonly rotateBytes: number;
    readonly keep: number;
  };
}

/** Units converted, paths absolute. */
export function resolveAudit(raw: RawAudit, { directory }: Source): AuditConfig {
  const file = resolvePath(directory, raw.file);
  return {
    file,
    sync: raw.sync,
    onFailure: raw.on_failure,
    rotateBytes: parseSize(raw.rotate),
    keep: raw.keep,
    ...(raw.keep_for !== 'none' && { keepForMs: parseDuration(raw.keep_for) }),
    reads: raw.reads,
    unknown: {
      file: nameUnknownFile(file),
      rotateBytes: parseSize(raw.unknown.rotate),
      keep: raw.unknown.keep,
    },
    ...(raw.sign_key !== 'none' && { signKeyFile: resolvePath(directory, raw.sign_key.file) }),
  };
}

/** The log and the key that signs it. */
export function listAuditFiles(raw: RawAudit, directory: string): readonly NamedFile[] {
  const log = resolvePath(directory, raw.file);
  const unknown = nameUnknownFile(log);
  // The log itself is the gateway's own: who follows the files that are named does not want it.
  const named: NamedFile[] = [
    { path: ['audit', 'file'], file: undefined, inspect: () => inspectAuditFiles(log) },
    { path: ['audit', 'file'], file: undefined, inspect: () => inspectAuditFiles(unknown) },
  ];
  if (raw.sign_key !== 'none') {
    const file = resolvePath(directory, raw.sign_key.file);
    const path = ['audit', 'sign_key', 'file'];
    named.push({ path, file, inspect: () => inspectSigningKey(file) });
  }
  return named;
}

function nameUnknownFile(file: string): string {
  return join(dirname(file), nameUnknownLog(basename(file)));
}
