import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type ListeningProcess,
  type LogRecord,
  listeningOn,
  startListeningProcess,
} from '../support/listening-process.ts';
import { findProgram } from '../support/program.ts';
import type { Scratch } from '../support/scratch.ts';
import { openShell, type Shell } from '../support/shell.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A block of a page that is run: what its fence says, and what is in it. */
export interface Block {
  /** The last heading before it. */
  readonly heading: string;
  /** `yaml day-1`, `sh run`, `sh start`, `text`. */
  readonly kind: string;
  readonly text: string;
}

const BLOCK = /^#{2,3} (.+)$|^```(\w[^\n]*)\n([\s\S]*?)^```$/gm;

/** Every block of a page, in order. */
export function readBlocks(page: string): readonly Block[] {
  let heading = '';
  return [...page.matchAll(BLOCK)].flatMap(([, found, kind = '', text = '']) => {
    heading = found ?? heading;
    return found === undefined ? [{ heading, kind, text }] : [];
  });
}

/** Whether the lines come in this order, with others between; `…` stands for anything. */
export function assertPrinted(printed: string, expected: string): void {
  const lines = printed.split('\n');
  let at = 0;
  for (const line of expected.trimEnd().split('\n')) {
    if (line === '…') continue;
    const pattern = line
      .trim()
      .split(/(…|\s+)/)
      .map((part) => (part === '…' ? '.*' : part.trim() === '' ? '\\s*' : RegExp.escape(part)))
      .join('');
    const found = lines.findIndex(
      (one, index) => index >= at && new RegExp(`^\\s*${pattern}\\s*$`).test(one),
    );
    assert.notEqual(found, -1, `"${line}" is not in what was printed:\n${printed}`);
    at = found + 1;
  }
}

/** A port that is free. */
export async function findPort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Names of machines and files on the page, and what stands for them here. */
export type Names = readonly (readonly [onPage: string, here: string])[];

/** The machines of a page, on ports and in a folder of the test. */
export class PageLab {
  readonly scratch: Scratch;
  readonly #shell: Shell;
  readonly #names: Names;

  private constructor(scratch: Scratch, shell: Shell, names: Names) {
    this.scratch = scratch;
    this.#shell = shell;
    this.#names = names;
  }

  static async open(
    scratch: Scratch,
    names: Names,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<PageLab> {
    return new PageLab(scratch, await openShell(scratch, variables), names);
  }

  /** With the names of the page turned into those of the test. */
  place(text: string): string {
    return this.#names.reduce((all, [onPage, here]) => all.replaceAll(onPage, here), text);
  }

  /** Runs lines of the page; answers what they print. */
  async run(text: string): Promise<string> {
    return (await this.#shell.run(this.place(text))).stdout;
  }

  read(file: string): Promise<string> {
    return readFile(`${this.scratch.path}/${file}`, 'utf8');
  }

  /** Starts a program of the page, and waits until it takes requests. */
  start(text: string, ...more: readonly string[]): Promise<ListeningProcess<unknown>> {
    const [program, ...args] = this.place(text).replaceAll('\\\n', ' ').trim().split(/\s+/);
    const isGateway = program === 'pushwarden';
    return startListeningProcess<unknown>({
      command: isGateway ? process.execPath : (findProgram('pushgateway-1.11') ?? ''),
      args: isGateway ? [MAIN, ...args] : [...args, '--log.format=json', ...more],
      cwd: this.scratch.path,
      env: this.#shell.env,
      ready: (record: LogRecord) =>
        isGateway ? record['msg'] === 'ready' || undefined : listeningOn(record),
    });
  }
}
