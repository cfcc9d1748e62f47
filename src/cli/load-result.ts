import { type Problem, renderProblem } from '../config/engine/problem.ts';
import type { LoadResult } from '../config/load.ts';
import { countOf } from './plural.ts';

/** A line for each problem and, last, what it all came to. */
export function renderLoadResult(result: LoadResult): string {
  return [...listProblems(result).map(renderProblem), renderSummary(result)].join('\n');
}

/** Errors and warnings, or the warnings of a configuration that can be used. */
export function listProblems(result: LoadResult): readonly Problem[] {
  return result.ok ? result.warnings : result.problems;
}

function renderSummary(result: LoadResult): string {
  if (!result.ok) {
    const errors = countOf(count(result.problems, 'error'), 'error');
    return `FAILED: ${errors}, ${countOf(count(result.problems, 'warning'), 'warning')}`;
  }
  const { config, warnings } = result;
  const credentials = config.teams.flatMap((team) => team.credentials);
  const parts = [
    countOf(config.teams.length, 'team'),
    countOf(credentials.length, 'credential'),
    countOf(warnings.length, 'warning'),
  ];
  return `SUCCESS: ${parts.join(', ')}`;
}

function count(problems: readonly Problem[], severity: Problem['severity']): number {
  return problems.filter((problem) => problem.severity === severity).length;
}
