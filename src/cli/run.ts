import { type Command, CommanderError } from 'commander';
import { describeReadError } from '../config/engine/secrets.ts';
import { EXIT, UsageError } from './exit.ts';
import { createRoot, inheritSettings } from './root.ts';
import { registerVersion } from './version.ts';

/**
 * Commands that are run over and over, and the gateway: they load what they need, and start in a
 * fraction of the time that the program with all its parts takes, and of its memory.
 */
const LIGHT: ReadonlyMap<string, () => Promise<(program: Command) => void>> = new Map([
  ['serve', async () => (await import('./serve.ts')).registerServe],
  ['audit', async () => (await import('./audit/audit.ts')).registerAudit],
  ['push', async () => (await import('./client/push.ts')).registerPush],
  ['groups', async () => (await import('./client/groups.ts')).registerGroups],
  ['delete', async () => (await import('./client/delete.ts')).registerDelete],
  ['version', async () => registerVersion],
]);

/** Runs the command that the arguments name; sets the exit status and never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    const asked = asksForVersion(argv) ? [...argv.slice(0, 2), 'version'] : argv;
    const program = await loadProgram(asked[2] ?? '');
    await program.parseAsync(asked);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
      return;
    }
    console.error(`pushwarden: ${describe(error)}`);
    process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

/** A file that cannot be opened is said in words, everything else as it was thrown. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOpening = 'syscall' in error && error.syscall === 'open' && 'path' in error;
  return isOpening ? `cannot open ${error.path}: ${describeReadError(error)}` : error.message;
}

/** Anywhere before `--`, as of any program. */
function asksForVersion(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const options = end === -1 ? argv : argv.slice(0, end);
  return options.some((option) => option === '--version' || option === '-V');
}

async function loadProgram(name: string): Promise<Command> {
  const load = LIGHT.get(name);
  if (load === undefined) return (await import('./program.ts')).createProgram();
  const program = createRoot();
  (await load())(program);
  return inheritSettings(program);
}
