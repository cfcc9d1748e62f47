import { Command } from 'commander';

/** The program without a command. */
export function createRoot(): Command {
  return new Command('pushwarden')
    .description('authenticating gateway in front of Prometheus Pushgateway')
    .exitOverride()
    .showHelpAfterError('(add --help for help)');
}

/** Gives the settings of the program to every command of it. */
export function inheritSettings(program: Command): Command {
  for (const command of listCommands(program)) command.copyInheritedSettings(program);
  return program;
}

function listCommands(parent: Command): readonly Command[] {
  return parent.commands.flatMap((command) => [command, ...listCommands(command)]);
}
