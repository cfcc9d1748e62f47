import { readLineHead } from './past-record.ts';

/** A line of a log, of which no more is read than is asked for. */
export interface LogLine {
  /** RFC 3339, UTC: texts compare as their times do. */
  readonly time: string;
  readonly event: string;
  readonly text: string;
  /** Whether the line holds these characters, which are ASCII. */
  includes(word: string): boolean;
}

/** Whole lines of a log, the last one perhaps without its end; not part of it: `to`. */
export interface LineBlock {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Makes a line of its text; undefined for what no gateway wrote. */
export function createLogLine(text: string): LogLine | undefined {
  const head = readLineHead(text);
  return head && { ...head, text, includes: (word) => text.includes(word) };
}

/** What stands before the time and before the event: `{"seq":17,"time":"…","event":"decision"`. */
const TIME_HEAD = Buffer.from(',"time":"');
const EVENT_HEAD = Buffer.from('","event":"');
const SEQ_HEAD = Buffer.from('{"seq":');
const TIME_LENGTH = '2026-11-22T12:00:00.000Z'.length;
const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** By their first letter. */
const EVENTS = ['decision', 'outcome', 'aggregate', 'expired', 'moved'].map((event) => ({
  event,
  bytes: Buffer.from(`${event}"`),
}));

/** Where a word comes next in the block, as far as it was looked for. */
interface NextPlace {
  readonly bytes: Buffer;
  at: number;
}

/**
 * Goes through the lines of a block. It is itself the line that it stands at: nothing is copied out
 * of the block that nobody asks for.
 */
export class LineCursor implements LogLine {
  readonly #bytes: Buffer;
  readonly #to: number;
  readonly #words = new Map<string, NextPlace>();
  #start: number;
  #end: number;
  #text: string | undefined;
  #timeAt = -1;
  #time: string | undefined;
  #event = '';

  constructor({ bytes, from, to }: LineBlock) {
    this.#bytes = bytes;
    this.#to = to;
    this.#start = from;
    this.#end = from - 1;
  }

  /** Goes to the next line that begins as those of a log do; whether there is one. */
  next(): boolean {
    while (this.#end + 1 < this.#to) {
      this.#start = this.#end + 1;
      const newline = this.#bytes.indexOf(NEWLINE, this.#start);
      this.#end = newline === -1 || newline > this.#to ? this.#to : newline;
      this.#text = undefined;
      this.#time = undefined;
      if (this.#readHead() || this.#readOtherHead()) return true;
    }
    return false;
  }

  /** Where the line begins in the block. */
  get start(): number {
    return this.#start;
  }

  get event(): string {
    return this.#event;
  }

  get time(): string {
    this.#time ??= this.#bytes.toString('latin1', this.#timeAt, this.#timeAt + TIME_LENGTH);
    return this.#time;
  }

  get text(): string {
    this.#text ??= this.#bytes.toString('latin1', this.#start, this.#end);
    return this.#text;
  }

  includes(word: string): boolean {
    let place = this.#words.get(word);
    if (place === undefined) {
      place = { bytes: Buffer.from(word, 'latin1'), at: -1 };
      this.#words.set(word, place);
    }
    if (place.at < this.#start) {
      const found = this.#bytes.indexOf(place.bytes, this.#start);
      place.at = found === -1 ? Number.MAX_SAFE_INTEGER : found;
    }
    return place.at + place.bytes.length <= this.#end;
  }

  /** The beginning as every gateway writes it, without a copy. */
  #readHead(): boolean {
    const bytes = this.#bytes;
    if (!this.#hasAt(SEQ_HEAD, this.#start)) return false;
    let at = this.#start + SEQ_HEAD.length;
    while (isDigit(bytes[at])) at += 1;
    if (!this.#hasAt(TIME_HEAD, at)) return false;
    this.#timeAt = at + TIME_HEAD.length;
    const timeEnd = this.#timeAt + TIME_LENGTH;
    if (!this.#hasAt(EVENT_HEAD, timeEnd)) return false;
    at = timeEnd + EVENT_HEAD.length;
    for (const { event, bytes: name } of EVENTS) {
      if (name[0] !== bytes[at] || !this.#hasAt(name, at)) continue;
      this.#event = event;
      return true;
    }
    const end = bytes.indexOf(QUOTE, at);
    if (end === -1 || end > this.#end) return false;
    this.#event = bytes.toString('latin1', at, end);
    return true;
  }

  #readOtherHead(): boolean {
    const head = readLineHead(this.text);
    if (head === undefined) return false;
    this.#event = head.event;
    this.#time = head.time;
    return true;
  }

  #hasAt(wanted: Buffer, at: number): boolean {
    if (at + wanted.length > this.#end) return false;
    for (let index = 0; index < wanted.length; index += 1) {
      if (this.#bytes[at + index] !== wanted[index]) return false;
    }
    return true;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
