import { notYet } from '../engine/values.ts';

/** `state`: what several gateways share. */
export const state = notYet();
