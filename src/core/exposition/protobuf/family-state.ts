import { renderName, renderQuoted } from '../../printable.ts';
import { scanMetricName } from '../name.ts';
import type { MetricType } from '../push-content.ts';
import type { SeriesIdentities } from '../series-identity.ts';
import type { MetricFamilyMessage } from './metric-messages.ts';

/** The metric types by their numbers on the wire; a gauge histogram is none that a push may have. */
const TYPES: readonly (MetricType | undefined)[] = [
  'counter',
  'gauge',
  'summary',
  'untyped',
  'histogram',
];

/** The family that is read. */
export interface FamilyState {
  readonly name: string;
  readonly type: MetricType;
  /** Labels of its series, if they are compared. */
  readonly identities: Set<string> | undefined;
  readonly hashes: SeriesIdentities;
  /** How many of its metrics are native histograms. */
  natives: number;
  series: number;
  bytes: number;
}

/** Begins a family, or says what is wrong with it. */
export function createFamilyState(
  message: MetricFamilyMessage,
  maxName: number,
  isExact: boolean,
): FamilyState | string {
  const { name = '', help = '', unit = '', type: typeNumber = 0, metric } = message;
  const type = TYPES[typeNumber];
  if (name === '') return 'no name';
  if (scanMetricName(name, 0) < name.length) return `${renderName(name)} is no metric name`;
  if (name.length > maxName) return `the name ${renderName(name)} has over ${maxName} characters`;
  if (type === undefined) return `a type that is not taken (${typeNumber})`;
  if (metric.length === 0) return 'no metrics';
  if (help.includes('\0')) return 'a NUL character';
  if (!isUnitOf(unit, name, type)) return `unit ${renderQuoted(unit)} is not in its name`;
  const identities = isExact ? new Set<string>() : undefined;
  return { name, type, identities, hashes: [], natives: 0, series: 0, bytes: 0 };
}

/**
 * Prometheus refuses a whole scrape over a unit that the name does not end with.
 * @see prometheus `model/textparse/protobufparse.go`, `Next`
 */
function isUnitOf(unit: string, name: string, type: MetricType): boolean {
  const base = type === 'counter' && name.endsWith('_total') ? name.slice(0, -6) : name;
  return unit === '' || (base.endsWith(`_${unit}`) && base.length > unit.length + 1);
}
