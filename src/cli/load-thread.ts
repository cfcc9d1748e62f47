import { parentPort, workerData } from 'node:worker_threads';
import { renderProblem } from '../config/engine/problem.ts';
import { loadConfig } from '../config/load.ts';
import type { LoadedHead, LoadOrder } from './load-again.ts';

/** Loads a configuration and hands it over: the head first, then as many teams as are asked for. */
const { file, now } = workerData as LoadOrder; // made by loadAgain
const result = await loadConfig(file, { now });
if (result.ok) {
  const { teams, ...rest } = result.config;
  parentPort?.on('message', ([from, to]: readonly [number, number]) =>
    parentPort?.postMessage(teams.slice(from, to)),
  );
  const head = { ok: true, rest, files: result.files, teamCount: teams.length } as const;
  parentPort?.postMessage(head satisfies LoadedHead);
} else {
  const head = { ok: false, problems: result.problems.map(renderProblem) } as const;
  parentPort?.postMessage(head satisfies LoadedHead);
}
