import { parentPort, workerData } from 'node:worker_threads';
import type { ChainCheckOptions } from './chain-run.ts';
import { nodeFileSystem } from './file-system.ts';
import { checkPart, type SegmentPart } from './verify.ts';

// set by verify-pool.ts, which starts this file
const options = workerData as ChainCheckOptions;

parentPort?.on('message', (part: SegmentPart) => {
  parentPort?.postMessage(checkPart(nodeFileSystem, part, options));
});
