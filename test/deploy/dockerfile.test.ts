import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../../src/cli/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

const instructions: readonly Instruction[] = readFileSync(`${ROOT}Dockerfile`, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));

function all(name: string, from = instructions): readonly string[] {
  return from.filter((instruction) => instruction.name === name).map(({ rest }) => rest);
}

const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

test('every stage is of the Node that the project is tested with', () => {
  const { devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  assert.deepEqual(all('ARG'), [`NODE=${devDependencies.node}`]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the Dockerfile
  const base = 'node:${NODE}-bookworm-slim';
  assert.deepEqual(
    all('FROM').map((rest) => rest.split(' AS ')[0]),
    [base, base, base],
  );
});

test('the image runs as a user that is not root, and says how it is', () => {
  assert.deepEqual(all('USER', lastStage), ['node']);
  assert.equal(all('HEALTHCHECK', lastStage).length, 1);
  const user = lastStage.findIndex(({ name }) => name === 'USER');
  assert.ok(user < lastStage.findIndex(({ name }) => name === 'ENTRYPOINT'));
});

test('what is copied into the image is there and is not ignored', () => {
  const ignored = readFileSync(`${ROOT}.dockerignore`, 'utf8').trim().split('\n');
  const sources = all('COPY')
    .filter((rest) => !rest.startsWith('--from='))
    .flatMap((rest) => rest.split(' ').slice(0, -1));
  assert.deepEqual([...new Set(sources)].sort(), [
    'package-lock.json',
    'package.json',
    'src',
    'tsconfig.json',
  ]);
  for (const source of sources) {
    assert.ok(existsSync(ROOT + source), source);
    assert.ok(ignored.includes(`!${source}`), `${source} is ignored`);
  }
});

test('the image starts the gateway with a command that there is', () => {
  const [entry = '[]'] = all('ENTRYPOINT', lastStage);
  const [command = '[]'] = all('CMD', lastStage);
  assert.deepEqual(JSON.parse(entry), ['node', '--max-semi-space-size=32', 'dist/main.js']);
  assert.ok(all('ENV', lastStage).includes('MALLOC_ARENA_MAX=2'));
  const [name, ...args]: readonly string[] = JSON.parse(command);
  const serve = createProgram().commands.find((one) => one.name() === name);
  const known = serve?.options.map(({ long }) => long);
  const options = args.filter((arg) => arg.startsWith('--'));
  assert.deepEqual(options, ['--config', '--watch']);
  assert.ok(options.every((option) => known?.includes(option)));
});
