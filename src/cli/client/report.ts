import { EXIT } from '../exit.ts';
import type { Verdict } from './judge-answer.ts';

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
