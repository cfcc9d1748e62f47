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

/**
 * The series before, still written: neighbours mostly have the same name and layout, and values of
 * the same length, so that only these are written anew.
 */
const before: { name: string; layout: SeriesLayout | undefined; headLength: number } = {
  name: '',
  layout: undefined,
  headLength: 0,
};
/** Where each of its values ends. */
const valueEnds: number[] = [];

/** Forgets the series before, whose name keeps the text alive that it was cut from. */
export function forgetSeries(): void {
  before.name = '';
  before.layout = undefined;
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
  let isMoved = before.layout !== layout || before.name !== name;
  if (isMoved) writeHead(name, layout);
  else hashInput.length = before.headLength;
  let hasDroppable = false;
  for (let index = 0; index < layout.pieces.length; index += 1) {
    const piece = layout.pieces[index];
    if (piece === undefined) break;
    place(piece.label, isMoved);
    const start = hashInput.length;
    writeValue(piece.position);
    const end = hashInput.length;
    if (start === end && !piece.isInstance) hasDroppable = true;
    if (valueEnds[index] !== end) isMoved = true;
    valueEnds[index] = end;
    place(piece.behind, isMoved);
  }
  addHash(identities);
  const bytes = hashInput.length;
  if (hasDroppable) identifyWithoutEmpty(layout, writeValue, identities);
  return bytes;
}

/** Writes what is not there already. */
function place(bytes: Uint8Array, isMoved: boolean): void {
  if (isMoved) writeBytes(bytes);
  else hashInput.length += bytes.length;
}

/** The same series without its labels that have no value; nothing is left to write on. */
function identifyWithoutEmpty(
  { pieces }: SeriesLayout,
  writeValue: WriteValue,
  identities: SeriesIdentities,
): void {
  hashInput.length = before.headLength;
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
  forgetSeries();
}

function writeHead(name: string, layout: SeriesLayout): void {
  hashInput.length = 0;
  writeText(name);
  reserveHashInput(1);
  hashInput.bytes[hashInput.length] = SEPARATOR;
  hashInput.length += 1;
  writeBytes(layout.head);
  before.name = name;
  before.layout = layout;
  before.headLength = hashInput.length;
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
