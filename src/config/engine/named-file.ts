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

/** What there is to say of a file. */
export type Remark = Pick<Finding, 'severity' | 'message'>;

/** Reads it to say at its key what is wrong. */
export function checkNamedFile({ path, inspect }: NamedFile): readonly Finding[] {
  try {
    return inspect().map((remark) => ({ path, ...remark }));
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
