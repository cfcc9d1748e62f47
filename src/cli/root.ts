import { Command } from 'commander';

/** The program without a command. */
export function createRoot(): Command {
  return new Command('pushwarden')
    .description('authenticating gateway in front of Prometheus Pushgateway')
    .exitOverride()
    .addHelpText('after', '\nOptions anywhere:\n  -V, --version      print the version')
    .showHelpAfterError('(add --help for help)');
}

/** Gives the settings of the program to every command of it. */
export function inheritSettings(program: Command): Command {
  for (const command of listCommands(program)) {
    command.copyInheritedSettings(program);
    askForRequiredLast(command);
  }
  return program;
}

/** A required option that is misspelt is first of all an unknown one. */
function askForRequiredLast(command: Command): void {
  const required = command.options.filter(({ mandatory }) => mandatory);
  for (const option of required) option.makeOptionMandatory(false);
  command.hook('preAction', (_, asked) => {
    const missing = required.find((one) => asked.getOptionValue(one.attributeName()) === undefined);
    if (missing === undefined) return;
    const code = 'commander.missingMandatoryOptionValue';
    asked.error(`error: required option '${missing.flags}' not specified`, { code, exitCode: 1 });
  });
}

function listCommands(parent: Command): readonly Command[] {
  return parent.commands.flatMap((command) => [command, ...listCommands(command)]);
}
