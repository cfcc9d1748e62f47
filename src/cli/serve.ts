import { resolve as resolvePath } from 'node:path';
import type { Command } from 'commander';
import { composeGateway, type RunningGateway } from '../compose/compose.ts';
import { GatewayError } from '../core/errors.ts';
import { giveBackMemory } from '../threads/give-back-memory.ts';
import { VERSION } from '../version.ts';
import { boundGarbage } from './bound-garbage.ts';
import { EXIT } from './exit.ts';
import { keepTickShape } from './keep-tick-shape.ts';
import { loadInThread } from './load-in-thread.ts';
import { logConsole } from './log-console.ts';
import { parseName } from './name-option.ts';
import { createOperationalLog } from './operational-log.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { watchFiles } from './watch-files.ts';

interface ServeOptions {
  readonly config: string;
  readonly watch?: boolean;
  readonly instance?: string;
}

/** Adds `serve`: exit status 0 after a clean stop, else 1. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the gateway')
    .requiredOption('--config <file>', 'the configuration')
    .option('--watch', 'reload when the file changes, not only those that it names')
    .option('--instance <name>', 'its name among several: `%i` in paths and addresses', parseName)
    .action(async (options: ServeOptions) => process.exit(await serve(options)));
}

async function serve({ config: file, watch = false, instance }: ServeOptions): Promise<number> {
  keepTickShape();
  boundGarbage();
  const loaded = await loadInThread(file, instance);
  if (!loaded.ok) {
    console.log(loaded.report);
    return EXIT.failed;
  }
  const log = createOperationalLog();
  logConsole(log);
  for (const warning of loaded.warnings) log.warn(warning);
  let gateway: RunningGateway | undefined;
  const reload = (): void => {
    gateway?.reload().catch((error: unknown) => log.error('the reload failed', { error }));
  };
  using fileWatch = watchFiles(reload);
  const follow = (named: readonly string[]): void =>
    fileWatch.follow(watch ? [resolvePath(file), ...named] : named);
  const load = async () => {
    const again = await loadInThread(file, instance);
    if (again.ok) follow(again.files);
    return again;
  };
  try {
    return await runUntilStopped({
      log,
      onHangup: reload,
      async start() {
        gateway = await composeGateway(loaded.config, { log, load });
        follow(loaded.files);
        giveBackMemory();
        log.info('ready', {
          listen: gateway.listenUrl,
          ...(gateway.adminUrl && { admin: gateway.adminUrl }),
          version: VERSION,
          ...(!gateway.isReady() && { pushes: 'not yet' }),
        });
        return gateway;
      },
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    log.error(error.message, { code: error.code });
    return EXIT.failed;
  }
}
