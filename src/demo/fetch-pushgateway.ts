import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectPushgateway, type PushgatewayProgram } from './pushgateway-program.ts';

/** Somewhere to get a Pushgateway from. */
export interface PushgatewaySource {
  /** For people. */
  readonly name: string;
  /** Whether it is worth trying on this machine. */
  isFor(): Promise<boolean>;
  /** Brings the program into a folder of its own and tells its path; rejects when it cannot. */
  fetch(folder: string): Promise<string>;
}

const FILE_NAME = 'pushgateway';

/** The Pushgateway that was fetched before, if it still runs. */
export async function findFetched(cacheFolder: string): Promise<PushgatewayProgram | undefined> {
  return await inspectPushgateway(join(cacheFolder, FILE_NAME));
}

/** Fetches a Pushgateway into the cache; what does not run does not get there. */
export async function fetchPushgateway(
  source: PushgatewaySource,
  cacheFolder: string,
): Promise<PushgatewayProgram> {
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(cacheFolder, 'fetch-'));
  try {
    const fetched = join(work, FILE_NAME);
    await copyFile(await source.fetch(work), fetched);
    await chmod(fetched, 0o755);
    const program = await inspectPushgateway(fetched);
    if (program === undefined) throw new Error('what was fetched does not run here');
    const command = join(cacheFolder, FILE_NAME);
    await rename(fetched, command);
    return { ...program, command };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
