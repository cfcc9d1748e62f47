import { parentPort, workerData } from 'node:worker_threads';
import { renderProblem } from '../config/engine/problem.ts';
import { loadConfig } from '../config/load.ts';
import type { LoadedHead, LoadOrder } from './load-in-thread.ts';
import { renderLoadResult } from './load-result.ts';

/** Loads a configuration and hands it over: the head first, then as many teams as are asked for. */
const { file, now, instance } = workerData as LoadOrder; // made by loadInThread
const result = await loadConfig(file, { now, instance, isServing: true });
if (result.ok) {
  const { teams, ...rest } = result.config;
  parentPort?.on('message', ([from, to]: readonly [number, number]) =>
    parentPort?.postMessage(teams.slice(from, to)),
  );
  const { files } = result;
  const warnings = result.warnings.map(renderProblem);
  const head = { ok: true, rest, files, warnings, teamCount: teams.length } as const;
  parentPort?.postMessage(head satisfies LoadedHead);
} else {
  const problems = result.problems.map(renderProblem);
  const head = { ok: false, problems, report: renderLoadResult(result) } as const;
  parentPort?.postMessage(head satisfies LoadedHead);
}
