import { globSync } from 'node:fs';
import { REASON_NAMES, type Reason } from '../../src/core/reason.ts';
import { ROOT, readProjectFile } from './markdown.ts';

const sources = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((file) => !['src/core/reason.ts', 'src/core/request/checks.ts'].includes(file))
  .map(readProjectFile);

/** The reasons that some source gives; the table may have others, for what is not built yet. */
export const GIVEN_REASONS: readonly Reason[] = REASON_NAMES.filter((reason) =>
  sources.some((source) => source.includes(`'${reason}'`)),
);
