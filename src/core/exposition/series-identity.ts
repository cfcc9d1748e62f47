import { hashInput, reserveHashInput, xxh64 } from '../xxh64/xxh64.ts';
import { SEPARATOR, type SeriesLayout } from './series-layout.ts';
import { writeBytes, writeText } from './series-writer.ts';

/**
 * What Pushgateway tells series apart by: XXH64 over the name and the sorted label pairs of the
 * whole series, as its registry computes it, in two signed halves. It takes two series with the
 * same hash for one, whatever they are.
 * @see client_golang `prometheus/registry.go`, `checkMetricConsistency`
 */
export type SeriesIdentities = number[];

/** Writes the label value at a position of the series that is being read. */
export type WriteValue = (position: number) => void;

/** How the series before begins: neighbours mostly have the same name and layout. */
const head: { name: string; layout: SeriesLayout | undefined; length: number } = {
  name: '',
  layout: undefined,
  length: 0,
};

/** Forgets the name of the series before, which keeps the text alive that it was cut from. */
export function forgetSeries(): void {
  head.name = '';
  head.layout = undefined;
}

/**
 * Identifies a series. One with labels without a value has two identities: Pushgateway takes it for
 * another series than the one without them, and Prometheus for the same.
 * @param identities - gets the halves, the high one first
 * @returns the bytes of its name and labels
 */
export function identifySeries(
  name: string,
  layout: SeriesLayout,
  writeValue: WriteValue,
  identities: SeriesIdentities,
): number {
  if (head.layout === layout && head.name === name) hashInput.length = head.length;
  else writeHead(name, layout);
  let hasDroppable = false;
  for (const { position, label, behind, isInstance } of layout.pieces) {
    writeBytes(label);
    const start = hashInput.length;
    writeValue(position);
    if (hashInput.length === start && !isInstance) hasDroppable = true;
    writeBytes(behind);
  }
  addHash(identities);
  const bytes = hashInput.length;
  if (hasDroppable) identifyWithoutEmpty(layout, writeValue, identities);
  return bytes;
}

/** The same series without its labels that have no value. */
function identifyWithoutEmpty(
  { pieces }: SeriesLayout,
  writeValue: WriteValue,
  identities: SeriesIdentities,
): void {
  hashInput.length = head.length;
  for (const { position, label, behind, isInstance } of pieces) {
    const start = hashInput.length;
    writeBytes(label);
    const valueStart = hashInput.length;
    writeValue(position);
    const isDropped = hashInput.length === valueStart && !isInstance;
    if (isDropped) hashInput.length = start;
    writeBytes(behind, isDropped ? 1 : 0);
  }
  addHash(identities);
}

function writeHead(name: string, layout: SeriesLayout): void {
  hashInput.length = 0;
  writeText(name);
  reserveHashInput(1);
  hashInput.bytes[hashInput.length] = SEPARATOR;
  hashInput.length += 1;
  writeBytes(layout.head);
  head.name = name;
  head.layout = layout;
  head.length = hashInput.length;
}

function addHash(identities: SeriesIdentities): void {
  const { high, low } = xxh64();
  identities.push(high, low);
}

/** Up to here two series are compared with each other; more are sorted first. */
const FEW_SERIES = 8;

/** Whether an identity is there twice. */
export function hasTwins(identities: Readonly<SeriesIdentities>): boolean {
  if (identities.length > 2 * FEW_SERIES) return hasSortedTwins(identities);
  for (let at = 2; at < identities.length; at += 2) {
    for (let other = 0; other < at; other += 2) {
      const isEqual =
        identities[at + 1] === identities[other + 1] && identities[at] === identities[other];
      if (isEqual) return true;
    }
  }
  return false;
}

/** Sorted and not hashed: whoever chooses labels chooses identities. */
function hasSortedTwins(identities: Readonly<SeriesIdentities>): boolean {
  const halves = new Int32Array(identities);
  new BigInt64Array(halves.buffer).sort();
  for (let at = 2; at < halves.length; at += 2) {
    if (halves[at] === halves[at - 2] && halves[at + 1] === halves[at - 1]) return true;
  }
  return false;
}
