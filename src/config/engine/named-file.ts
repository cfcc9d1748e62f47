import { statSync } from 'node:fs';
import { GatewayError } from '../../core/errors.ts';
import type { Finding } from './problem.ts';

/** Something beside the configuration that it names. */
export interface NamedFile {
  /** Of the key that names it. */
  readonly path: readonly PropertyKey[];
  /** Absolute; undefined for a variable of the environment and for what the gateway writes. */
  readonly file: string | undefined;
  /**
   * Reads it.
   * @returns what else is wrong with it, or doubtful
   * @throws GatewayError when it cannot be used at all
   */
  readonly inspect: () => readonly Remark[];
}

const WRITE_BY_OTHERS = 0o022;

/** What there is to say of a file. */
export type Remark = Pick<Finding, 'severity' | 'message'>;

/** Reads it to say at its key what is wrong. */
export function checkNamedFile({ path, file, inspect }: NamedFile): readonly Finding[] {
  try {
    const remarks = [...inspect(), ...inspectMode(file)];
    return remarks.map((remark) => ({ path, ...remark }));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return [{ severity: 'error', path, message: error.message }];
  }
}

/** Wraps a reader that throws for all there is to say. */
export function inspectBy(read: () => unknown): NamedFile['inspect'] {
  return () => {
    read();
    return [];
  };
}

/** Whoever can write such a file can let themselves in, or sign in the gateway's name. */
function inspectMode(file: string | undefined): readonly Remark[] {
  const { mode = 0 } = (file !== undefined && statSync(file, { throwIfNoEntry: false })) || {};
  if ((mode & WRITE_BY_OTHERS) === 0) return [];
  const message = `${file} has mode ${renderMode(mode)}: others can write it; chmod go-w`;
  return [{ severity: 'warning', message }];
}

/** As `chmod` takes it. */
export function renderMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
