import { EXIT } from '../exit.ts';
import type { Verdict } from './judge-answer.ts';

/** What a push or deletion came to, for scripts. */
export interface Result {
  /** The path of the group. */
  readonly target: string;
  /** `kept`: Pushgateway is away and gets it later. */
  readonly outcome: 'stored' | 'deleted' | 'kept' | 'would_delete' | 'refused' | 'failed';
  readonly reason?: string;
  /** In the words of standard error. */
  readonly message?: string;
}

/** Says on standard error why a request came to nothing, and sets the exit status. */
export function reportFailure(verdict: Exclude<Verdict, { kind: 'done' }>): void {
  if (verdict.kind === 'refused') {
    console.error(verdict.message);
    process.exitCode = EXIT.refused;
  } else {
    console.error(`pushwarden: ${verdict.message}`);
    process.exitCode = EXIT.failed;
  }
}

/** The result of a push or deletion that was sent. */
export function resultOf(target: string, verdict: Verdict, done: 'stored' | 'deleted'): Result {
  if (verdict.kind === 'done') return { target, outcome: verdict.isSpooled ? 'kept' : done };
  const { kind, message } = verdict;
  return {
    target,
    outcome: kind,
    ...(verdict.kind === 'refused' && { reason: verdict.reason }),
    message,
  };
}
