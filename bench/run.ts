import { readdirSync } from 'node:fs';

/** Runs a benchmark by its name: `npm run bench -- NAME [ARGUMENT …]`. */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length));
const [name = ''] = process.argv.splice(2, 1);
if (names.includes(name)) {
  await import(`./${name}.ts`);
} else {
  console.error(`usage: npm run bench -- ${names.join(' | ')}`);
  process.exitCode = 2;
}
