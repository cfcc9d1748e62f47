import { type Command, CommanderError } from 'commander';
import { EXIT } from './exit.ts';
import { createRoot, inheritSettings } from './root.ts';

/**
 * Commands that jobs run over and over: they load what they need, and start in a fraction of the
 * time that the gateway with all its parts takes.
 */
const LIGHT: ReadonlyMap<string, () => Promise<(program: Command) => void>> = new Map([
  ['push', async () => (await import('./client/push.ts')).registerPush],
  ['groups', async () => (await import('./client/groups.ts')).registerGroups],
  ['delete', async () => (await import('./client/delete.ts')).registerDelete],
]);

/** Runs the command that the arguments name; sets the exit status and never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    const program = await loadProgram(argv[2] ?? '');
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
      return;
    }
    console.error(`pushwarden: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.failed;
  }
}

async function loadProgram(name: string): Promise<Command> {
  const load = LIGHT.get(name);
  if (load === undefined) return (await import('./program.ts')).createProgram();
  const program = createRoot();
  (await load())(program);
  return inheritSettings(program);
}
