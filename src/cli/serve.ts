import type { Command } from 'commander';
import { composeGateway, type RunningGateway } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import { GatewayError } from '../core/errors.ts';
import { VERSION } from '../version.ts';
import { renderLoadResult } from './check.ts';
import { EXIT } from './exit.ts';
import { loadAgain } from './load-again.ts';
import { createOperationalLog } from './operational-log.ts';
import { runUntilStopped } from './run-until-stopped.ts';
import { watchConfigFile } from './watch-file.ts';

interface ServeOptions {
  readonly config: string;
  readonly watch?: boolean;
}

/** Adds `serve`: exit status 0 after a clean stop, else 1. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the gateway')
    .requiredOption('--config <file>', 'the configuration')
    .option('--watch', 'reload when the file changes, not only on SIGHUP')
    .action(async (options: ServeOptions) => process.exit(await serve(options)));
}

async function serve({ config: file, watch = false }: ServeOptions): Promise<number> {
  const loaded = await loadConfig(file, { now: Date.now() });
  if (!loaded.ok) {
    console.log(renderLoadResult(loaded));
    return EXIT.failed;
  }
  const log = createOperationalLog();
  for (const warning of loaded.warnings) log.warn(renderProblem(warning));
  const reload = (gateway: RunningGateway): void => {
    gateway.reload().catch((error: unknown) => log.error('the reload failed', { error }));
  };
  using watched = new DisposableStack();
  try {
    return await runUntilStopped({
      log,
      onHangup: reload,
      async start() {
        const gateway = await composeGateway(loaded.config, { log, load: () => loadAgain(file) });
        if (watch) watched.use(watchConfigFile(file, () => reload(gateway)));
        log.info('ready', {
          listen: gateway.listenUrl,
          ...(gateway.adminUrl && { admin: gateway.adminUrl }),
          version: VERSION,
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
