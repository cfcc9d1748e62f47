import type { Command } from 'commander';
import { registerJanitorRun } from './admin/janitor-run.ts';
import { registerQuarantine } from './admin/quarantine.ts';
import { registerRebalance } from './admin/rebalance.ts';
import { registerAudit } from './audit/audit.ts';
import { registerCheck } from './check.ts';
import { registerDelete } from './client/delete.ts';
import { registerGroups } from './client/groups.ts';
import { registerPush } from './client/push.ts';
import { registerCompare } from './compare/compare.ts';
import { registerDemo } from './demo.ts';
import { registerExplain } from './explain.ts';
import { registerExplainToken } from './explain-token.ts';
import { registerHashPassword } from './hash-password.ts';
import { registerImportBasicAuthUsers } from './import-basic-auth-users.ts';
import { registerLint } from './lint.ts';
import { createRoot, inheritSettings } from './root.ts';
import { registerSchema } from './schema.ts';
import { registerServe } from './serve.ts';
import { registerTokenCreate } from './token-create.ts';
import { registerVersion } from './version.ts';

/** Every command of the program, in the order of its help. */
export function createProgram(): Command {
  const program = createRoot();
  registerServe(program);
  registerDemo(program);
  registerCheck(program);
  registerSchema(program);
  registerExplain(program);
  registerExplainToken(program);
  registerCompare(program);
  registerLint(program);
  registerHashPassword(program);
  registerTokenCreate(program.command('token').description('tokens for the configuration'));
  registerAudit(program);
  registerImportBasicAuthUsers(
    program.command('import').description('from the configuration of other programs'),
  );
  registerPush(program);
  registerGroups(program);
  registerDelete(program);
  registerQuarantine(program);
  registerJanitorRun(program.command('janitor').description('groups that nobody pushes to'));
  registerRebalance(program);
  registerVersion(program);
  return inheritSettings(program);
}
