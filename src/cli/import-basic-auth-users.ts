import type { Command } from 'commander';
import { readText } from '../config/engine/secrets.ts';
import { parseWebConfig } from '../config/sections/credentials/htpasswd.ts';
import { EXIT } from './exit.ts';

/** Adds `import basic-auth-users`: exit status 0, or 3 when a user cannot be taken over. */
export function registerImportBasicAuthUsers(parent: Command): void {
  parent
    .command('basic-auth-users')
    .description('turn the users of a --web.config.file into credentials of a team')
    .argument('<file>', 'the web configuration of an exporter')
    .action((file: string) => {
      const { users, errors, warnings } = parseWebConfig(readText(file));
      for (const remark of [...errors, ...warnings]) console.error(`${file}: ${remark}`);
      if (errors.length > 0) {
        process.exitCode = EXIT.refused;
        return;
      }
      const lines = users.map(({ username, passwordHash }) =>
        [
          '  - { type: basic,',
          `username: ${JSON.stringify(username)},`,
          `password_hash: ${JSON.stringify(passwordHash)} }`,
        ].join(' '),
      );
      console.log(['credentials:', ...lines].join('\n'));
    });
}
