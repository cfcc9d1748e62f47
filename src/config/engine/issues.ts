import { z } from 'zod';
import { findNearest } from './nearest.ts';
import type { Finding } from './problem.ts';

/** A finding about a key itself: `path` is that of the map which has it. */
export interface IssueFinding extends Finding {
  readonly key?: string;
}

type Issue = z.core.$ZodIssue;

/** Puts what the schema found into words, each with the fix where there is one. */
export function describeIssues(issues: readonly Issue[], schema: z.ZodType): IssueFinding[] {
  return issues.flatMap((issue) => describeIssue(issue, schema, []));
}

function describeIssue(
  issue: Issue,
  schema: z.ZodType,
  parents: readonly PropertyKey[],
): IssueFinding[] {
  const path = [...parents, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = listKeys(schema, path);
      return issue.keys.map((key) => ({
        severity: 'error',
        path,
        key,
        message: describeUnknownKey(key, known),
      }));
    }
    case 'invalid_type':
      return [{ severity: 'error', path, message: describeType(issue) }];
    case 'invalid_value':
      return [{ severity: 'error', path, message: `must be ${listValues(issue.values)}` }];
    case 'invalid_union':
      return describeUnion(issue, schema, path);
    case 'invalid_key': {
      const key = String(path.at(-1));
      const message = issue.issues[0]?.message ?? 'is not a name';
      return [{ severity: 'error', path: path.slice(0, -1), key, message }];
    }
    default:
      return [{ severity: 'error', path, message: lowerFirst(issue.message) }];
  }
}

/** The library's names of types, as this audience says them. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function describeType(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  if (issue.message.endsWith('received undefined')) return 'is required';
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  const expected = `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
  const isUnquoted =
    issue.expected === 'string' && /received (?:number|boolean)$/.test(issue.message);
  return isUnquoted ? `${expected}: put it in quotes` : expected;
}

/** The branch that came nearest says what is wrong; else the union's own words do. */
function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  schema: z.ZodType,
  path: readonly PropertyKey[],
): IssueFinding[] {
  if ('options' in issue && Array.isArray(issue.options)) {
    return [{ severity: 'error', path, message: `must be ${listValues(issue.options)}` }];
  }
  const nearest = issue.errors.find((errors) => errors.every((error) => error.path.length > 0));
  const described = nearest?.flatMap((error) => describeIssue(error, schema, path)) ?? [];
  if (described.length > 0) return described;
  const values = issue.errors.flat().flatMap((error) => ('values' in error ? error.values : []));
  const own = issue.message === 'Invalid input' ? undefined : issue.message;
  const format = issue.errors.flat().find((error) => error.code === 'invalid_format')?.message;
  const words = [
    values.length > 0 ? listValues(values) : undefined,
    format?.replace(/^must be /, ''),
  ];
  const message = own ?? `must be ${words.filter((word) => word !== undefined).join(' or ')}`;
  return [{ severity: 'error', path, message }];
}

function describeUnknownKey(key: string, known: readonly string[]): string {
  const nearest = findNearest(key, known);
  const hint = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
  return `unknown key${hint}`;
}

/** The keys that the map at a path may have. */
function listKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let level: readonly z.ZodType[] = [schema];
  for (const step of path) level = level.flatMap((type) => stepInto(unwrap(type), step));
  return level.flatMap((type) => {
    const inner = unwrap(type);
    return expand(inner).flatMap((one) =>
      one instanceof z.ZodObject ? Object.keys(one.shape) : [],
    );
  });
}

function stepInto(type: z.ZodType, step: PropertyKey): readonly z.ZodType[] {
  return expand(type).flatMap((one) => {
    if (one instanceof z.ZodObject) return one.shape[String(step)] ?? [];
    if (one instanceof z.ZodRecord) return one.valueType as z.ZodType; // zod types it as its core twin
    if (one instanceof z.ZodArray) return one.element as z.ZodType;
    return [];
  });
}

function expand(type: z.ZodType): readonly z.ZodType[] {
  const inner = unwrap(type);
  return inner instanceof z.ZodUnion ? (inner.options as z.ZodType[]).flatMap(expand) : [inner];
}

function unwrap(type: z.ZodType): z.ZodType {
  const isWrapper =
    type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodPrefault;
  return isWrapper ? unwrap(type.unwrap() as z.ZodType) : type;
}

function listValues(values: readonly unknown[]): string {
  const words = values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(words);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
