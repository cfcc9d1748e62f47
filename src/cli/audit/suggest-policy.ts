import type { Command } from 'commander';
import { readHistory } from '../../audit/read/read-history.ts';
import { renderTeams } from '../../config/render-teams.ts';
import { pickRecord } from '../../core/audit/history/history-reader.ts';
import { LineCursor } from '../../core/audit/history/log-line.ts';
import { createMemberReader } from '../../core/audit/history/member-reader.ts';
import { createRecordFilter } from '../../core/audit/history/record-filter.ts';
import { suggestTeams } from '../../core/audit/history/suggest-teams.ts';
import { PROFILED_MEMBERS, TrafficProfiles } from '../../core/audit/history/traffic-profile.ts';
import { parseMoment } from './filter-options.ts';
import { printLines } from './print-lines.ts';

/** Adds `audit suggest-policy`: exit status 0, or 1 when a file cannot be read. */
export function registerAuditSuggestPolicy(audit: Command): void {
  audit
    .command('suggest-policy')
    .description('a `teams` section that lets pass what was pushed, for you to put credentials in')
    .argument('<file...>', 'segments of an audit log, compressed or not')
    .option('--since <time>', 'from then on: 24h, 7d, 2027-01-31, 2027-01-31T12:00Z', parseMoment)
    .action(async (files: readonly string[], { since }: { readonly since?: string }) => {
      const profiles = new TrafficProfiles();
      const filter = createRecordFilter({ ...(since !== undefined && { since }) });
      const read = createMemberReader(PROFILED_MEMBERS);
      for await (const block of readHistory(files)) {
        for (const line = new LineCursor(block); line.next(); ) {
          const record = pickRecord(filter, line, read);
          if (record?.event === 'decision') profiles.add(record);
        }
      }
      if (profiles.isIncomplete) console.error('there were more teams and jobs than are listed');
      await printLines([renderTeams(suggestTeams(profiles.teams)).trimEnd()]);
    });
}
