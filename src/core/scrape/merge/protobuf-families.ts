import { allow, type Decision, deny } from '../../decision.ts';
import { createWire, readVarint, renderVarint } from '../../exposition/protobuf/wire.ts';
import type { ReadScope } from '../../policy/read-scope.ts';
import { createFamilyCutter, FAMILY_METRIC, forEachField, readLabels } from '../family-message.ts';
import type { FamilyPiece, FamilySplitter, FamilyWriter, PieceSeries } from './family-piece.ts';

const FAMILY_NAME = 1;
const FAMILY_TYPE = 3;
const METRIC_LABEL = 1;

/** Takes a scrape in delimited protobuf apart, a family a piece. */
export function createProtobufSplitter(scope: ReadScope): FamilySplitter {
  const cutter = createFamilyCutter();
  return {
    add(chunk) {
      const messages = cutter.add(chunk);
      if (messages === undefined) return invalid('the scrape is not delimited protobuf');
      const pieces: FamilyPiece[] = [];
      for (const message of messages) {
        const piece = splitFamily(message, scope);
        if (piece === undefined) return invalid('a family of the scrape is not understood');
        if (piece.series.length > 0) pieces.push(piece);
      }
      return allow(pieces);
    },
    end: () => (cutter.isAtEnd() ? allow([]) : invalid('the scrape ends within a family')),
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

function invalid(internal: string): Decision<never> {
  return deny('upstream_invalid', { internal });
}
