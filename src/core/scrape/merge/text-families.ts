import { allow, type Decision } from '../../decision.ts';
import type { ReadScope } from '../../policy/read-scope.ts';
import { createScrapeLines } from '../scrape-lines.ts';
import { readCommentName, readSeriesLabels } from '../series-line.ts';
import type { FamilyPiece, FamilySplitter, FamilyWriter, PieceSeries } from './family-piece.ts';

/** A family of which series may follow. */
interface OpenFamily {
  readonly name: string;
  type: string;
  head: string;
}

/** Takes a scrape in the text format 0.0.4 apart. */
export function createTextSplitter(scope: ReadScope): FamilySplitter {
  let family: OpenFamily | undefined;
  let pieces: FamilyPiece[] = [];
  let series: PieceSeries[] = [];

  const closePiece = (): void => {
    if (family !== undefined && series.length > 0) pieces.push({ ...family, series });
    series = [];
  };

  const takeComment = (line: string): boolean => {
    if (!line.startsWith('# HELP ') && !line.startsWith('# TYPE ')) return true;
    const shown = readCommentName(line);
    if (shown === undefined) return false;
    const name = sortNameOf(shown);
    if (family?.name !== name) {
      closePiece();
      family = { name, type: '', head: '' };
    }
    family.head += `${line}\n`;
    if (line[2] === 'T') family.type = line.slice(line.lastIndexOf(' ') + 1);
    return true;
  };

  const takeLine = (line: string): boolean => {
    if (line === '') return true;
    if (line.startsWith('#')) return takeComment(line);
    const isSeen = seesLine(line, scope);
    if (isSeen === undefined || family === undefined) return false;
    if (isSeen) series.push({ key: keyOf(line, family.type), content: `${line}\n` });
    return true;
  };

  const lines = createScrapeLines(takeLine);
  return {
    add(chunk): Decision<readonly FamilyPiece[]> {
      const read = lines.add(chunk);
      if (read.effect === 'deny') return read;
      closePiece();
      const taken = pieces;
      pieces = [];
      return allow(taken);
    },
    end() {
      const ended = lines.end();
      return ended.effect === 'deny' ? ended : allow([]);
    },
  };
}

/** Writes the text format: what comes goes out. */
export function createTextWriter(): FamilyWriter {
  return {
    begin: (head) => head,
    add: (series) => series.map(({ content }) => content).join(''),
    end: () => '',
  };
}

/** In a value a quote has a backslash in front, and a quoted name one behind. */
const JOB = /[{,]job="/;

/** Whether a line goes out; undefined for one that is not understood. */
function seesLine(line: string, scope: ReadScope): boolean | undefined {
  // of what is seen whole, only what Pushgateways say of themselves stays behind: it has no job
  if (scope.seesEverything) return JOB.test(line);
  const labels = readSeriesLabels(line);
  return labels && scope.sees(labels);
}

/** A name that is quoted is sorted by what it stands for. */
function sortNameOf(shown: string): string {
  if (!shown.startsWith('"')) return shown;
  return shown
    .slice(1, -1)
    .replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
}

/** Labels of distributions that tell lines of one series apart; Pushgateway writes them last. */
const PART = /,(?:le|quantile)="[^"]*"$/;

/** A value has no brace. */
function keyOf(line: string, type: string): string {
  const start = line.indexOf('{');
  if (start === -1) return '';
  const labels = line.slice(start + 1, line.lastIndexOf('}'));
  return type === 'histogram' || type === 'summary' ? labels.replace(PART, '') : labels;
}
