import { renderProblem } from '../config/engine/problem.ts';
import { loadConfig } from '../config/load.ts';

/** Loads a configuration for a reload: complete, or its problems as lines. */
export async function loadAgain(file: string) {
  const result = await loadConfig(file, { now: Date.now() });
  return result.ok
    ? ({ ok: true, config: result.config, files: result.files } as const)
    : ({ ok: false, problems: result.problems.map(renderProblem) } as const);
}
