import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { extname } from 'node:path';
import { compileCpp, compileGo } from '../support/compiler.ts';
import type { ProgramName } from '../support/program.ts';

/** A script or program of `examples`. */
export interface Example {
  /** Below `examples`. */
  readonly file: string;
  /** Given the folder of the test. */
  readonly args?: (folder: string) => readonly string[];
  /** Lines that the scrape has after it has run. */
  readonly stored: readonly RegExp[];
}

/** All of them, in the order in which they are run. */
export const EXAMPLES: readonly Example[] = [
  {
    file: 'shell/batch-duration.sh',
    args: () => ['nightly_backup', 'true'],
    stored: [
      /^batch_duration_seconds\{instance="",job="nightly_backup"\} \d+$/m,
      /^batch_exit_status\{instance="",job="nightly_backup"\} 0$/m,
      /^batch_last_success_timestamp_seconds\{instance="",job="nightly_backup"\} 1\.\d+e\+09$/m,
    ],
  },
  {
    file: 'shell/ci-duration.sh',
    args: () => ['ci_shell', '4711', String(Math.floor(Date.now() / 1000) - 90), 'success'],
    stored: [
      /^ci_pipeline_duration_seconds\{instance="4711",job="ci_shell",result="success"\} 9\d$/m,
    ],
  },
  {
    file: 'shell/processed-files.sh',
    args: (folder) => [`${folder}/inbox`, `${folder}/archive`],
    stored: [
      new RegExp(`^files_processed_total\\{instance="${hostname()}",job="import_files"\\} 2$`, 'm'),
    ],
  },
  {
    file: 'shell/orders.sh',
    args: (folder) => [`${folder}/orders.csv`],
    stored: [
      /^orders_processed_total\{instance="",job="shop_orders",status="paid"\} 2$/m,
      /^orders_euros_total\{instance="",job="shop_orders",status="paid"\} 29\.5$/m,
      /^orders_euros_total\{instance="",job="shop_orders",status="returned"\} 5$/m,
    ],
  },
  {
    file: 'shell/clean-up.sh',
    args: () => ['ci_shell', 'that-never-was'],
    stored: [],
  },
  {
    file: 'python/batch_duration.py',
    stored: [
      /^batch_duration_seconds\{instance="",job="nightly_report"\} [\d.]+$/m,
      /^batch_last_success_timestamp_seconds\{instance="",job="nightly_report"\} 1\.\d+e\+09$/m,
    ],
  },
  {
    file: 'node/ci-duration.mjs',
    args: () => ['4712', String(Date.now() / 1000 - 90), 'failed'],
    stored: [
      /^ci_pipeline_duration_seconds\{instance="4712",job="ci_shop",result="failed"\} 9\d\.\d+$/m,
    ],
  },
  {
    file: 'go/processed_files.go',
    args: (folder) => [`${folder}/orders.csv`, `${folder}/missing.csv`],
    stored: [
      /^files_processed_total\{instance="task-7",job="import_files",result="success"\} 1$/m,
      /^files_processed_total\{instance="task-7",job="import_files",result="failure"\} 1$/m,
    ],
  },
  {
    file: 'ruby/orders.rb',
    args: (folder) => [`${folder}/orders.csv`],
    stored: [
      /^orders_processed_total\{instance="",job="shop_orders",status="paid"\} 2$/m,
      /^orders_processed_total\{instance="",job="shop_orders",status="returned"\} 1$/m,
    ],
  },
  {
    file: 'cpp/batch_duration.cpp',
    stored: [
      /^batch_duration_seconds\{instance="",job="nightly_index"\} [\d.]+$/m,
      /^batch_last_success_timestamp_seconds\{instance="",job="nightly_index"\} 1\.\d+e\+09$/m,
    ],
  },
];

interface Runner {
  /** What it runs on. */
  readonly needs: readonly ProgramName[];
  /** The command line, for the path of a file. */
  commandOf(path: string): readonly string[] | Promise<readonly string[]>;
}

/** By the extension of a file. */
const RUNNERS: Readonly<Record<string, Runner>> = {
  '.sh': { needs: [], commandOf: (path) => [path] },
  '.py': {
    needs: ['python', 'prometheus_client-0.16'],
    commandOf: (path) => ['/usr/bin/python3', path],
  },
  '.mjs': { needs: [], commandOf: (path) => [process.execPath, path] },
  '.go': {
    needs: ['go-1.24', 'client_golang-1.21'],
    commandOf: async (path) => [await compileGo(path, 'client_golang-1.21')],
  },
  '.rb': {
    needs: ['ruby', 'prometheus-client-mmap'],
    commandOf: (path) => ['/usr/bin/ruby', path],
  },
  '.cpp': { needs: ['g++', 'prometheus-cpp'], commandOf: async (path) => [await compileCpp(path)] },
};

/** What the file needs and how it is run. */
export function runnerOf(file: string): Runner {
  return RUNNERS[extname(file)] ?? assert.fail(`nothing runs ${file}`);
}
