import type { Command } from 'commander';
import { registerAuditKeygen } from './keygen.ts';
import { registerAuditReport } from './report.ts';
import { registerAuditShow } from './show.ts';
import { registerAuditSuggestPolicy } from './suggest-policy.ts';
import { registerAuditVerify } from './verify.ts';

/** Adds `audit` with its commands. */
export function registerAudit(program: Command): void {
  const audit = program.command('audit').description('the audit log');
  registerAuditKeygen(audit);
  registerAuditVerify(audit);
  registerAuditShow(audit);
  registerAuditReport(audit);
  registerAuditSuggestPolicy(audit);
}
