import { notYet } from '../engine/values.ts';

/** `ui`: the page for people. */
export const ui = notYet('off');
