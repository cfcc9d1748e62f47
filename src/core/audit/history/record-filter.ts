import { compileGlobs } from '../../matcher.ts';
import { parsePushTarget } from '../../target/push-target.ts';
import { toAscii } from '../audit-entry.ts';
import type { LogLine } from './log-line.ts';
import type { PastRecord } from './past-record.ts';

/** What is asked for; everything that is given must hold. */
export interface RecordQuestion {
  /** A push target, in any of its spellings. */
  readonly group?: string;
  /** A glob. */
  readonly job?: string;
  readonly team?: string;
  readonly credential?: string;
  /** Why it was refused, or would have been. */
  readonly reason?: string;
  /** Kind of the credential, or `none`. */
  readonly scheme?: string;
  /** From this time on, RFC 3339. */
  readonly since?: string;
  /** Before this time. */
  readonly until?: string;
}

export interface RecordFilter {
  /** Whether a line can be asked for, without reading it: by its time, and by words it must have. */
  covers(line: LogLine): boolean;
  matches(record: PastRecord): boolean;
}

/** Members of a record that a filter looks at. */
export const FILTERED_MEMBERS = [
  'team',
  'credential',
  'scheme',
  'reason',
  'would_deny',
  'job',
  'target',
  'decision',
] as const;

/** Compiles a question. */
export function createRecordFilter(question: RecordQuestion): RecordFilter {
  const { since = '', until, team, credential, reason, scheme } = question;
  const job = question.job === undefined ? undefined : compileGlobs([question.job]);
  const group = question.group === undefined ? undefined : findCanonical(question.group);
  const words = [team, credential, scheme, reason].flatMap((word) =>
    word === undefined ? [] : [toAscii(JSON.stringify(word))],
  );
  const tests: readonly ((record: Fields) => boolean)[] = [
    ...(team === undefined ? [] : [(record: Fields) => record['team'] === team]),
    ...(credential === undefined ? [] : [(record: Fields) => record['credential'] === credential]),
    ...(scheme === undefined ? [] : [(record: Fields) => record['scheme'] === scheme]),
    ...(reason === undefined
      ? []
      : [(record: Fields) => record['reason'] === reason || record['would_deny'] === reason]),
    ...(job === undefined ? [] : [({ job: name }: Fields) => isMatch(name, job)]),
    ...(group === undefined ? [] : [(record: Fields) => groupOf(record) === group]),
  ];
  return {
    covers: (line) =>
      words.every((word) => line.includes(word)) &&
      (since === '' || line.time >= since) &&
      (until === undefined || line.time < until),
    matches(record) {
      const fields = { ...record };
      return tests.every((test) => test(fields));
    },
  };
}

/** A record of any kind, by the names of its members. */
type Fields = Readonly<Record<string, unknown>>;

function isMatch(name: unknown, job: ReturnType<typeof compileGlobs>): boolean {
  return typeof name === 'string' && job.matches(name);
}

/** The group that a record is about: a refused one keeps what the client wrote. */
function groupOf({ target, job, decision }: Fields): string | undefined {
  if (typeof target !== 'string' || typeof job !== 'string') return undefined;
  return decision === 'deny' ? findCanonical(target) : target;
}

function findCanonical(target: string): string {
  const parsed = parsePushTarget(target, { emptyValues: true });
  return parsed.effect === 'allow' ? parsed.value.canonical : target;
}
