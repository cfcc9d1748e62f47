import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { codeBlocks, codeSpans, MARKDOWN_FILES, readProjectFile } from './markdown.ts';

const CALL = /(?:\bpushwarden|\bnode (?:src\/main\.ts|dist\/main\.js)) +([a-z][^|#;&]*)/g;

const program = createProgram();
const calls = MARKDOWN_FILES.flatMap((file) => {
  const text = readProjectFile(file);
  const lines = [...codeSpans(text), ...codeBlocks(text).flatMap((block) => block.split('\n'))];
  return lines.flatMap((line) =>
    [...line.matchAll(CALL)].map(([, call = '']) => ({ file, call: call.trim() })),
  );
});

/** The command that the first words name, as deep as they go. */
function find(words: readonly string[], command: Command = program): Command | undefined {
  const [word, ...rest] = words;
  if (command.commands.length === 0) return command;
  const next = command.commands.find((one) => one.name() === word);
  return next && find(rest, next);
}

test('documents show how the program is called', () => {
  assert.ok(calls.length > 5);
});

for (const { file, call } of calls) {
  test(`"${call}" of ${file} is a command, and has the options`, () => {
    const words = call.split(' ');
    const command = find(words);
    assert.ok(command, `there is no such command: ${call}`);
    const known = new Set(command.options.map(({ long }) => long));
    const options = words.filter((word) => word.startsWith('--'));
    assert.deepEqual(
      options.filter((option) => !known.has(option)),
      [],
    );
  });
}
