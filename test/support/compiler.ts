import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram, type ProgramName } from './program.ts';

const run = promisify(execFile);

const COMPILED = fileURLToPath(new URL('../../.cache/compiled/', import.meta.url));
const GO_CACHE = fileURLToPath(new URL('../../.cache/go-build/', import.meta.url));

/** A command line with its environment. */
interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Generations of Go's client library. */
export type GoLibrary = Extract<ProgramName, `client_golang-${string}`>;

/**
 * Compiles a Go file against a client library of Debian, without a network.
 *
 * @returns the path of the program; one that is compiled is not compiled again.
 */
export function compileGo(source: string, library: GoLibrary): Promise<string> {
  const go = pathOf('go-1.24');
  const env = {
    GO111MODULE: 'off',
    GOPATH: pathOf(library),
    GOROOT: dirname(dirname(go)),
    GOCACHE: GO_CACHE,
    GOTOOLCHAIN: 'local',
    CGO_ENABLED: '0',
  };
  // Neither optimised nor with what a debugger needs: it is compiled more often than run.
  const args = ['build', '-gcflags=all=-N -l', '-ldflags=-s -w', '-o'];
  return compile(source, library, (target) => ({ file: go, args: [...args, target, source], env }));
}

/** Compiles a C++ file against Debian's prometheus-cpp. @returns the path of the program. */
export function compileCpp(source: string): Promise<string> {
  const libraries = ['-lprometheus-cpp-push', '-lprometheus-cpp-core'];
  return compile(source, 'prometheus-cpp', (target) => ({
    file: pathOf('g++'),
    args: ['-std=c++17', '-Wall', '-Werror', '-o', target, source, ...libraries],
  }));
}

/** What is compiled or being compiled in this process, by source and library. */
const compiled = new Map<string, Promise<string>>();

function compile(
  source: string,
  library: string,
  commandFor: (target: string) => Command,
): Promise<string> {
  const key = `${library} ${source}`;
  const program = compiled.get(key) ?? compileOnce(source, library, commandFor);
  compiled.set(key, program);
  return program;
}

/** One at a time, over all processes: the second compiler of a kind finds the cache of the first. */
async function compileOnce(
  source: string,
  library: string,
  commandFor: (target: string) => Command,
): Promise<string> {
  const { file, args, env } = commandFor('TARGET');
  const key = JSON.stringify([await readFile(source, 'utf8'), file, args, env]);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const program = `${COMPILED}${basename(source)}-${library}-${hash}`;
  if (await isFile(program)) return program;
  await mkdir(COMPILED, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const command = commandFor(unfinished);
  await run('flock', [`${COMPILED}lock`, command.file, ...command.args], {
    env: { ...process.env, ...command.env },
  });
  await rename(unfinished, program);
  return program;
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function pathOf(name: ProgramName): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not here: "npm test" brings it`);
  return path;
}
