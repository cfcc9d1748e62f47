import { renderQuoted } from '../../core/printable.ts';

/** Something wrong, or doubtful, in a configuration file. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `teams.payments.jobs[0]`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** What a check found, at a key of the configuration. */
export interface Finding {
  readonly severity: Problem['severity'];
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** `FILE:LINE:COL: path: message` */
export function renderProblem(problem: Problem): string {
  const { severity, file, line, column, path, message } = problem;
  const place = `${file}:${line}:${column}`;
  const subject = path === '' ? '' : `${path}: `;
  return `${place}: ${severity === 'warning' ? 'warning: ' : ''}${subject}${message}`;
}

const PLAIN_KEY = /^[A-Za-z0-9_.@-]+$/;

/** `['teams', 'a', 'jobs', 0]` is `teams.a.jobs[0]`. */
export function renderPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      const text = String(key);
      const name = PLAIN_KEY.test(text) ? text : renderQuoted(text);
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}
