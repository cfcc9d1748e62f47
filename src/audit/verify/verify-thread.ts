import { parentPort, workerData } from 'node:worker_threads';
import { nodeFileSystem } from '../../disk/file-system.ts';
import type { ChainCheckOptions } from './chain-run.ts';
import { checkPart, type SegmentPart } from './verify-audit-log.ts';

// set by verify-pool.ts, which starts this file
const options = workerData as ChainCheckOptions;

parentPort?.on('message', (part: SegmentPart) => {
  parentPort?.postMessage(checkPart(nodeFileSystem, part, options));
});
