import type { Deny } from '../../decision.ts';
import { renderName } from '../../printable.ts';
import type { Distribution } from '../distribution.ts';
import { type MetricType, SAMPLE_SUFFIXES, type SampleSuffix } from '../push-content.ts';
import type { SeriesIdentities } from '../series-identity.ts';
import { denyLine } from './line-problem.ts';

/** A metric family while its lines are read. */
export interface Family {
  readonly name: string;
  /** Undefined until a TYPE line or the first sample fixes it. */
  type: MetricType | undefined;
  /** Whether a TYPE line did. */
  isTyped: boolean;
  hasHelp: boolean;
  /** Names, labels and values of its lines so far. */
  bytes: number;
  readonly identities: SeriesIdentities;
  /** Series so far that are one line each. */
  lines: number;
  /** Histograms and summaries by their labels, and series of one line if the table is exact. */
  series: Map<string, Distribution | undefined> | undefined;
}

/** What a name at the beginning of a sample stands for. */
export interface SampleName {
  readonly name: string;
  readonly family: Family;
  readonly suffix: SampleSuffix;
}

/** The families of a body, and who has which sample name. */
export interface FamilyTable {
  /** Characters of a name. */
  readonly maxName: number;
  /** Whether series of one line are told apart by their labels, and not by their hashes alone. */
  readonly isExact: boolean;
  readonly families: Family[];
  readonly samples: Map<string, SampleName>;
}

export function createFamilyTable(maxName: number, isExact: boolean): FamilyTable {
  return { maxName, isExact, families: [], samples: new Map() };
}

const ONCE =
  'HELP and TYPE come once a metric, before all its lines; in joined files, keep the first';

/** Takes a HELP line. */
export function declareHelp(table: FamilyTable, name: string, line: number): Deny | undefined {
  const family = resolveFamily(table, name, line);
  if ('effect' in family) return family;
  if (family.hasHelp) return denyLine(line, `a second HELP of ${renderName(name)}`, ONCE);
  family.hasHelp = true;
  return undefined;
}

/** Takes a TYPE line, which must come once and before the samples. */
export function declareType(
  table: FamilyTable,
  name: string,
  type: MetricType,
  line: number,
): Deny | undefined {
  const family = resolveFamily(table, name, line);
  if ('effect' in family) return family;
  if (family.type !== undefined) {
    const isLate = hasSeries(family);
    return denyLine(line, `a ${isLate ? 'late' : 'second'} TYPE of ${renderName(name)}`, ONCE);
  }
  family.type = type;
  family.isTyped = true;
  for (const suffix of SAMPLE_SUFFIXES[type]) {
    const sampleName = name + suffix;
    const holder = table.samples.get(sampleName);
    if (holder !== undefined && holder.family !== family) {
      return denyClash(line, sampleName, family);
    }
    table.samples.set(sampleName, { name: sampleName, family, suffix });
  }
  return undefined;
}

/**
 * Finds what a sample name stands for. A name that nothing declared is an untyped family.
 * @see prometheus/common `expfmt/text_parse.go`, `setOrCreateCurrentMF`
 */
export function resolveSample(table: FamilyTable, name: string): SampleName {
  const sample = table.samples.get(name) ?? createFamily(table, name);
  sample.family.type ??= 'untyped';
  return sample;
}

/** Whether a family has any sample yet. */
export function hasSeries({ lines, series }: Family): boolean {
  return lines > 0 || series !== undefined;
}

/** The family that a HELP or TYPE line names. */
function resolveFamily(table: FamilyTable, name: string, line: number): Family | Deny {
  const holder = table.samples.get(name) ?? createFamily(table, name);
  return holder.suffix === '' ? holder.family : denyClash(line, name, holder.family);
}

function createFamily(table: FamilyTable, name: string): SampleName {
  const family: Family = {
    name,
    type: undefined,
    isTyped: false,
    hasHelp: false,
    bytes: 0,
    identities: [],
    lines: 0,
    series: undefined,
  };
  const sample: SampleName = { name, family, suffix: '' };
  table.families.push(family);
  table.samples.set(name, sample);
  return sample;
}

function denyClash(line: number, name: string, family: Family): Deny {
  return denyLine(
    line,
    `${renderName(name)} belongs to a ${family.type}`,
    `${family.type} ${renderName(family.name)} has it; no other family may, rename one of them`,
  );
}
