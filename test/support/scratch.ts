import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder that is removed when it is disposed of. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
  /** Writes a file, readable by its owner alone, and answers its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
}

/** Makes a temporary folder. */
export async function createScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), 'pushwarden-test-'));
  return {
    path,
    async write(name, content) {
      const file = join(path, name);
      await writeFile(file, content, { mode: 0o600 });
      return file;
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}
