import { allow } from '../../decision.ts';
import { createWire, readVarint, renderVarint } from '../../exposition/protobuf/wire.ts';
import type { ReadScope } from '../../policy/read-scope.ts';
import { createFamilyReader, FAMILY_METRIC, forEachField, readLabels } from '../family-message.ts';
import type { FamilyPiece, FamilySplitter, FamilyWriter, PieceSeries } from './family-piece.ts';

const FAMILY_NAME = 1;
const FAMILY_TYPE = 3;
const METRIC_LABEL = 1;

/** Takes a scrape in delimited protobuf apart, a family a piece. */
export function createProtobufSplitter(scope: ReadScope): FamilySplitter {
  const reader = createFamilyReader((message) => splitFamily(message, scope));
  return {
    add(chunk) {
      const pieces = reader.add(chunk);
      if (pieces.effect === 'deny') return pieces;
      return allow(pieces.value.filter(({ series }) => series.length > 0));
    },
    end: reader.end,
  };
}

/** Writes delimited protobuf: a family has its length in front, so that one is held. */
export function createProtobufWriter(): FamilyWriter {
  let held: string[] = [];
  return {
    begin(head) {
      held = [head];
      return '';
    },
    add(series) {
      for (const { content } of series) held.push(content);
      return '';
    },
    end() {
      const length = held.reduce((sum, part) => sum + part.length, 0);
      const message = renderVarint(length).toString('latin1') + held.join('');
      held = [];
      return message;
    },
  };
}

/** Undefined for a message that is broken. */
function splitFamily(message: Buffer, scope: ReadScope): FamilyPiece | undefined {
  let [name, type, head] = ['', '', ''];
  const series: PieceSeries[] = [];
  const isSound = forEachField(message, (field, whole, content) => {
    if (field === FAMILY_METRIC) {
      const labels = readLabels(content);
      if (labels === undefined) return false;
      const isSeen = scope.seesEverything ? labels.has('job') : scope.sees(labels);
      if (isSeen) series.push({ key: keyOf(content), content: whole.toString('latin1') });
      return true;
    }
    if (field === FAMILY_NAME) name = content.toString('latin1');
    if (field === FAMILY_TYPE) type = String(readVarint(createWire(content), content.length));
    head += whole.toString('latin1');
    return true;
  });
  return isSound && name !== '' ? { name, type, head, series } : undefined;
}

/** The labels as they stand there: Pushgateway sorts them. */
function keyOf(metric: Buffer): string {
  let key = '';
  forEachField(metric, (field, whole) => {
    if (field === METRIC_LABEL) key += whole.toString('latin1');
    return true;
  });
  return key;
}
