import { AUTHENTICATION } from './authentication.ts';
import { AUTHORIZATION_ROWS } from './authorization.ts';
import { BODIES } from './bodies.ts';
import { FRAMING } from './framing.ts';
import { ADMINISTRATION, METHODS } from './methods.ts';
import { NETWORKS } from './networks.ts';
import { PATHS } from './paths.ts';
import type { ComparedRequest } from './request.ts';
import { SIZES } from './sizes.ts';

/** Requests under the heading of their part of the table. */
export interface Section {
  readonly title: string;
  readonly requests: readonly ComparedRequest[];
}

/** Every request of the comparison. */
export const SECTIONS: readonly Section[] = [
  { title: 'Who it is', requests: AUTHENTICATION },
  { title: 'Where it comes from', requests: NETWORKS },
  { title: 'What they may do', requests: AUTHORIZATION_ROWS },
  { title: 'How the path is written', requests: PATHS },
  { title: 'Methods', requests: METHODS },
  { title: 'What Pushgateway has beside pushes', requests: ADMINISTRATION },
  { title: 'How much it is', requests: SIZES },
  { title: 'What is in the body', requests: BODIES },
  { title: 'Where it ends', requests: FRAMING },
];
