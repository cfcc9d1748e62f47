import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { renderJsonSchema } from '../../src/config/schema.ts';
import { OLDEST_NODE } from '../../src/node-version.ts';
import { VERSION } from '../../src/version.ts';
import { runCli } from '../support/run-cli.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

test('version prints the version of the package', async () => {
  assert.deepEqual(await runCli(['version']), {
    status: 0,
    stdout: `pushwarden ${VERSION}\n`,
    stderr: '',
  });
});

for (const args of [['--version'], ['-V'], ['check', '-V'], ['push', '--job', 'a', '--version']]) {
  test(`the version is printed wherever it is asked for: ${args.join(' ')}`, async () => {
    const { status, stdout } = await runCli(args);
    assert.deepEqual([status, stdout], [0, `pushwarden ${VERSION}\n`]);
  });
}

test('schema prints the JSON Schema of the configuration', async () => {
  const { status, stdout, stderr } = await runCli(['schema']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(JSON.parse(stdout), renderJsonSchema());
});

const usageErrors = [
  { args: ['chek'], error: "error: unknown command 'chek'\n(Did you mean check?)" },
  { args: ['check'], error: "error: required option '--config <file>' not specified" },
  {
    args: ['check', '--confg', 'x'],
    error: "error: unknown option '--confg'\n(Did you mean --config?)",
  },
  { args: ['version', '--short'], error: "error: unknown option '--short'" },
  {
    args: ['version', 'now'],
    error: "error: too many arguments for 'version'. Expected 0 arguments but got 1: now.",
  },
  {
    args: ['hash-password', '--algorithm', 'md5'],
    error:
      "error: option '--algorithm <name>' argument 'md5' is invalid. Allowed choices are bcrypt, argon2id.",
  },
  {
    args: ['demo', '--no-fetch', '--listen', 'localhost'],
    error:
      "error: option '--listen <address>' argument 'localhost' is invalid. must be an address such as 127.0.0.1:9091 or [::1]:9091",
  },
];
for (const { args, error } of usageErrors) {
  test(`wrong usage ends with status 2 and says what is wrong: ${args.join(' ')}`, async () => {
    assert.deepEqual(await runCli(args), {
      status: 2,
      stdout: '',
      stderr: `${error}\n(add --help for help)\n`,
    });
  });
}

for (const args of [[], ['token'], ['audit']]) {
  test(`without a command there is help on stderr, and status 2: ${args.join(' ')}`, async () => {
    const { status, stdout, stderr } = await runCli(args);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^Usage: pushwarden /);
  });
}

for (const args of [['--help'], ['token', 'create', '--help']]) {
  test(`help that was asked for is on stdout, and status 0: ${args.join(' ')}`, async () => {
    const { status, stdout, stderr } = await runCli(args);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^Usage: pushwarden /);
  });
}

function listCommands(command: Command, path: readonly string[] = []): readonly Described[] {
  return command.commands.flatMap((inner) => {
    const names = [...path, inner.name()];
    return [{ name: names.join(' '), command: inner }, ...listCommands(inner, names)];
  });
}

interface Described {
  readonly name: string;
  readonly command: Command;
}

for (const { name, command } of listCommands(createProgram())) {
  test(`${name} and each of its options are described`, () => {
    assert.notEqual(command.description(), '');
    const { options } = command;
    const undescribed = options.filter(
      ({ description, argChoices }) => description === '' && argChoices === undefined,
    );
    assert.deepEqual(
      undescribed.map(({ flags }) => flags),
      [],
    );
  });
}

test('a Node that is too old gets one line, and nothing else is loaded', async () => {
  const versions = { ...process.versions, node: '24.18.0' };
  const code = `Object.defineProperty(process, 'versions', { value: ${JSON.stringify(versions)} })`;
  const nodeOptions = ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
  assert.deepEqual(await runCli(['version'], { nodeOptions }), {
    status: 1,
    stdout: '',
    stderr: `pushwarden needs Node ${OLDEST_NODE} or newer, this is 24.18.0: install one, or in a checkout put "npx" before "node"\n`,
  });
});

test('a Node that cannot read the sources gets the same line', async () => {
  const entry = fileURLToPath(new URL('../../pushwarden.js', import.meta.url));
  const flag = '--no-experimental-strip-types';
  const child = spawn(process.execPath, [flag, entry, 'version'], { stdio: 'pipe' });
  const [errors, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  assert.equal(status, 1);
  assert.equal(
    errors,
    `pushwarden needs Node ${OLDEST_NODE} or newer, this is ${process.versions.node}: install one, or in a checkout put "npx" before "node"\n`,
  );
});

test('package.json asks for the Node that the program asks for', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(manifest.engines.node, `>=${OLDEST_NODE}`);
});

test('a reader that goes away early is no failure', async () => {
  const child = spawn(process.execPath, [MAIN, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const complaint: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  const [status] = await once(child, 'close');
  assert.deepEqual([status, Buffer.concat(complaint).toString()], [0, '']);
});
