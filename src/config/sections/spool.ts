import { notYet } from '../engine/values.ts';

/** `spool`: keeps pushes while the upstream is away. */
export const spool = notYet();
