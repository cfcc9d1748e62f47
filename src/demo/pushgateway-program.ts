import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Pushgateway that can be started here. */
export interface PushgatewayProgram {
  /** Absolute path. */
  readonly command: string;
  /** As it says itself, such as `1.11.2`. */
  readonly version: string;
}

/** What the project calls it, and what Debian does. */
const NAMES = ['pushgateway', 'prometheus-pushgateway'] as const;

const VERSION_TIMEOUT_MS = 5000;

/** Finds a Pushgateway by name in the folders of a search path. */
export async function findPushgateway(
  searchPath: string | undefined,
): Promise<PushgatewayProgram | undefined> {
  for (const name of NAMES) {
    for (const file of await findPrograms(name, searchPath)) {
      const program = await inspectPushgateway(file);
      if (program !== undefined) return program;
    }
  }
  return undefined;
}

/** Asks a program whether it is a Pushgateway; undefined when it is not, or does not run here. */
export async function inspectPushgateway(command: string): Promise<PushgatewayProgram | undefined> {
  try {
    const { stdout, stderr } = await run(command, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    const version = /^pushgateway, version (\S+)/m.exec(stdout + stderr)?.[1];
    return version === undefined ? undefined : { command, version };
  } catch {
    return undefined;
  }
}

/** Every executable of that name in a search path; folders relative to the current one are not searched. */
export async function findPrograms(
  name: string,
  searchPath: string | undefined,
): Promise<readonly string[]> {
  const folders = (searchPath ?? '').split(delimiter).filter(isAbsolute);
  const files = folders.map((folder) => join(folder, name));
  const executable = await Promise.all(files.map(isExecutable));
  return files.filter((_, index) => executable[index]);
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
