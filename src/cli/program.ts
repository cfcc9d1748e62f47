import { Command, CommanderError } from 'commander';
import { registerAuditKeygen } from './audit-keygen.ts';
import { registerAuditVerify } from './audit-verify.ts';
import { registerCheck } from './check.ts';
import { registerDemo } from './demo.ts';
import { EXIT } from './exit.ts';
import { registerExplain } from './explain.ts';
import { registerExplainToken } from './explain-token.ts';
import { registerHashPassword } from './hash-password.ts';
import { registerLint } from './lint.ts';
import { registerSchema } from './schema.ts';
import { registerServe } from './serve.ts';
import { registerTokenCreate } from './token-create.ts';
import { registerVersion } from './version.ts';

/** Runs the command that the arguments name; sets the exit status and never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.fine : EXIT.usage;
      return;
    }
    console.error(`pushwarden: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = EXIT.failed;
  }
}

/** Every command of the program, in the order of its help. */
export function createProgram(): Command {
  const program = new Command('pushwarden')
    .description('authenticating gateway in front of Prometheus Pushgateway')
    .exitOverride()
    .showHelpAfterError('(add --help for help)');
  registerServe(program);
  registerDemo(program);
  registerCheck(program);
  registerSchema(program);
  registerExplain(program);
  registerExplainToken(program);
  registerLint(program);
  registerHashPassword(program);
  registerTokenCreate(program.command('token').description('tokens for the configuration'));
  const audit = program.command('audit').description('the audit log');
  registerAuditKeygen(audit);
  registerAuditVerify(audit);
  registerVersion(program);
  for (const command of listCommands(program)) command.copyInheritedSettings(program);
  return program;
}

function listCommands(parent: Command): readonly Command[] {
  return parent.commands.flatMap((command) => [command, ...listCommands(command)]);
}
