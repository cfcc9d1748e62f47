import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WriterProgramOptions } from './writer-program.ts';

const PROGRAM = fileURLToPath(new URL('./writer-program.ts', import.meta.url));

/** A run of `writer-program.ts`. */
export class WriterProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<unknown>;
  /** What it said, oldest first: a word and a detail. */
  readonly said: (readonly [word: string, detail: string])[] = [];

  /** @param wrapper - a command that runs it, such as strace with its options. */
  constructor(options: WriterProgramOptions, wrapper: readonly string[] = []) {
    // strace does not take its program with it when it is killed, and a test can be killed too
    const guard = ['setpriv', '--pdeathsig', 'KILL'];
    const program = [process.execPath, PROGRAM, JSON.stringify(options)];
    const [command = '', ...args] = [...guard, ...wrapper, ...guard, ...program];
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('stdout is not a pipe');
    createInterface({ input: stdout }).on('line', (line) => {
      const [, word = '', detail = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      this.said.push([word, detail]);
      for (const look of this.#waiting) look();
    });
    this.#child.once('close', () => {
      for (const look of this.#waiting) look();
    });
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Details that came with a word. */
  details(word: string): readonly string[] {
    return this.said.flatMap(([said, detail]) => (said === word ? [detail] : []));
  }

  /** Waits until a word was said `count` times; rejects when the program ends before. */
  async until(word: string, count = 1): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        const isThere = this.details(word).length >= count;
        if (!isThere && !this.#isOver) return;
        this.#waiting.delete(look);
        if (isThere) resolve();
        else reject(new Error(`ended without "${word}": ${JSON.stringify(this.said.slice(-5))}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Sends a signal and waits for the end; answers the exit status. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const [pid] = this.details('pid');
    if (pid === undefined) this.#child.kill(signal);
    else if (!this.#isOver) process.kill(Number(pid), signal);
    return await this.ended();
  }

  /** Waits for the end; answers the exit status. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
