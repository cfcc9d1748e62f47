import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { HeadSearch } from './head-search.ts';
import { PendingBytes } from './pending-bytes.ts';
import { createSlots, type Slots } from './slots.ts';
import { keepWholeBody } from './whole-body.ts';

type Mode =
  /** Whatever comes is parsed, up to the end of a head. */
  | 'head'
  /** A body is on its way that nobody has asked for. */
  | 'held'
  | 'open'
  /** The parser counts a body that nobody gets. */
  | 'skipped'
  /** Nothing is read any more. */
  | 'halted'
  /** What is read is thrown away. */
  | 'ignored';

const PARSED_MODES: ReadonlySet<Mode> = new Set(['head', 'open', 'skipped']);
const BODY_MODES: ReadonlySet<Mode> = new Set(['held', 'open', 'skipped']);

interface IgnoreBounds {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** A body of known length up to here is let through at once: to parse it takes one call. */
const SMALL_BODY_BYTES = 16 * 1024;
/** Bytes kept of what nobody wants yet; the rest stays in the buffers of the system. */
const MAX_HELD_BYTES = 32 * 1024;
/** Of a chunked body: what is parsed at once, so that it takes about as long as it may. */
const SLICE_BYTES = { least: 1024, first: 4096, most: 64 * 1024 } as const;
const SLICE_MS = 0.5;
const SLICE_PAUSE_MS = 1;
const DISCARD_PAUSE_MS = 2;

/** Slices of chunked bodies: one in a millisecond, over all connections. */
const parsing = createSlots((slot) => setTimeout(slot, SLICE_PAUSE_MS));
/** Reads of what is thrown away: one in two milliseconds, over all connections. */
const discarding = createSlots((slot) => setTimeout(slot, DISCARD_PAUSE_MS));

const intakes = new WeakMap<Socket, Intake>();

/** The intake of a connection; undefined where none was opened. */
export function intakeOf(socket: Socket): Intake | undefined {
  return intakes.get(socket);
}

/** Puts an intake between a connection and the server of Node that has just taken it. */
export function openIntake(socket: Socket): void {
  intakes.set(socket, new Intake(socket));
}

/**
 * What of a connection reaches the parser, and when: heads at once, a body only when somebody
 * wants it. Node's parser runs ahead of every decision and calls back for each chunk: who is refused
 * could have it work for as long as he sends.
 */
class Intake {
  readonly #socket: Socket;
  readonly #parse: (part: Buffer) => void;
  readonly #finish: () => void;
  readonly #leaving = new Set<() => void>();
  /** What has come and was not parsed. */
  readonly #pending = new PendingBytes();
  #mode: Mode = 'head';
  readonly #headSearch = new HeadSearch();
  #request: IncomingMessage | undefined;
  /** What the parser has not had yet of a body, where that is known. */
  #bodyLeft: number | undefined;
  #sliceBytes: number = SLICE_BYTES.first;
  /** A request is handed over while the parser runs, which must not be called once more then. */
  #isParsing = false;
  /** Whether the parser has no more than a head: a slice of a chunked body can have requests behind it. */
  #isAtHead = false;
  #isResting = false;
  #hasEnded = false;
  #ignorable = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#parse = takeListener(socket, 'data');
    this.#finish = takeListener(socket, 'end');
    socket.on('data', (part: Buffer) => this.#take(part));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#leave());
    // Node resumes what it has paused itself.
    socket.on('resume', () => this.#pump());
  }

  /** Takes note of a request of which the parser has read the head; a large body is held back. */
  begin(req: IncomingMessage): void {
    this.#headSearch.reset();
    const { 'transfer-encoding': coding, 'content-length': length = '0' } = req.headers;
    this.#request = req;
    this.#sliceBytes = SLICE_BYTES.first;
    const isKnown = coding === undefined && (this.#isAtHead || length === '0');
    this.#bodyLeft = isKnown ? Number(length) : undefined;
    if (this.#bodyLeft === 0) this.#mode = 'head';
    else this.#mode = (this.#bodyLeft ?? Infinity) <= SMALL_BODY_BYTES ? 'open' : 'held';
    if (this.#mode === 'open') this.#keepWhole(req);
  }

  /** Has the parser read the body. */
  open(req: IncomingMessage): void {
    if (!this.#isUnderWay(req)) return;
    this.#mode = 'open';
    this.#wake();
  }

  /** Holds back what has not come yet. */
  stop(req: IncomingMessage): void {
    if (this.#isUnderWay(req) && this.#mode === 'open') this.#mode = 'held';
  }

  /** Has the parser throw away the rest of a body of known length: the connection lives on. */
  skip(req: IncomingMessage, timeoutMs: number): void {
    if (!this.#isUnderWay(req)) return;
    this.#mode = 'skipped';
    const stopTimer = this.#endAfter(timeoutMs);
    req.once('end', stopTimer).resume();
    this.#wake();
  }

  /** Reads and parses nothing any more. */
  halt(): void {
    this.#mode = 'halted';
    this.#pending.clear();
    this.#socket.pause();
  }

  /** Has nothing parsed any more: what still comes is counted, thrown away, and the end of it. */
  ignore({ maxBytes, timeoutMs }: IgnoreBounds): void {
    this.#mode = 'ignored';
    this.#ignorable = Math.min(maxBytes, this.#bodyLeft ?? maxBytes);
    this.#endAfter(timeoutMs);
    if (!this.#hasEnded) this.#wake();
  }

  /**
   * Calls back, at most once, when the client ends its side or its connection.
   * @returns what takes the wish back
   */
  onLeave(listener: () => void): () => void {
    if (this.#hasEnded || this.#socket.destroyed) setImmediate(() => this.#leave());
    this.#leaving.add(listener);
    return () => this.#leaving.delete(listener);
  }

  /** Keeps a body aside that is all that waits, unless its client waits for an interim answer. */
  #keepWhole(req: IncomingMessage): void {
    const body = this.#pending.first();
    const isAll =
      body.byteLength === this.#bodyLeft && body.byteLength === this.#pending.byteLength;
    // With it stays all that came in the same part.
    if (!isAll || body.buffer.byteLength > MAX_HELD_BYTES || req.headers.expect !== undefined)
      return;
    keepWholeBody(req, body);
  }

  #take(part: Buffer): void {
    if (this.#mode === 'halted') return;
    if (this.#mode === 'ignored') {
      this.#discard(part.byteLength);
      return;
    }
    this.#pending.keep(part);
    this.#pump();
  }

  #pump(): void {
    while (this.#pending.byteLength > 0 && this.#mayParse()) {
      if (this.#mode === 'head') this.#feedHead();
      else this.#feedBody();
    }
    if (this.#mode === 'ignored' && this.#pending.byteLength > 0) {
      this.#discard(this.#pending.clear());
    }
    // Node may have resumed it meanwhile.
    if (this.#isFull() || this.#isResting) this.#socket.pause();
    if (this.#hasEnded && this.#pending.byteLength === 0 && this.#mayParse()) {
      this.#mode = 'halted';
      this.#finish();
    }
  }

  #feedHead(): void {
    this.#isAtHead = true;
    this.#feed(this.#pending.cut(this.#headSearch.measure(this.#pending.first())));
    this.#isAtHead = false;
  }

  #feedBody(): void {
    const isChunked = this.#bodyLeft === undefined;
    const slice = this.#pending.cut(this.#bodyLeft ?? this.#sliceBytes);
    if (this.#bodyLeft !== undefined) this.#bodyLeft -= slice.byteLength;
    const began = isChunked ? performance.now() : 0;
    this.#feed(slice);
    if (isChunked) this.#adaptSlices(performance.now() - began);
    if (isChunked) this.#headSearch.pass(slice);
    if (this.#mode === 'head') return;
    if (this.#mode === 'skipped') this.#rest(discarding);
    else if (isChunked && this.#pending.byteLength > 0) this.#rest(parsing);
  }

  #adaptSlices(tookMs: number): void {
    const { least, most } = SLICE_BYTES;
    const bytes = this.#sliceBytes * (tookMs > SLICE_MS ? 0.5 : 2);
    this.#sliceBytes = Math.min(most, Math.max(least, bytes));
  }

  #feed(slice: Buffer): void {
    this.#isParsing = true;
    this.#parse(slice);
    this.#isParsing = false;
    // the newest one: what came behind a chunked body may be whole before anybody wants it
    const isWhole = this.#request?.complete === true || this.#bodyLeft === 0;
    if (isWhole && BODY_MODES.has(this.#mode)) this.#mode = 'head';
  }

  #discard(bytes: number): void {
    this.#ignorable -= bytes;
    if (this.#ignorable <= 0) this.#socket.destroy();
    else this.#rest(discarding);
  }

  /** Reads and parses no more until there is a slot. */
  #rest(slots: Slots): void {
    this.#isResting = true;
    this.#socket.pause();
    slots(() => {
      this.#isResting = false;
      this.#wake();
    });
  }

  #wake(): void {
    this.#pump();
    const isStopped = this.#mode === 'halted' || this.#isResting || this.#isFull();
    if (!isStopped && !isHeldByNode(this.#socket)) this.#socket.resume();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#leave();
    if (this.#mode === 'ignored') this.#socket.destroy();
    else this.#pump();
  }

  #leave(): void {
    for (const listener of this.#leaving) listener();
    this.#leaving.clear();
  }

  #endAfter(timeoutMs: number): () => void {
    const timer = setTimeout(() => this.#socket.destroy(), timeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      this.#socket.off('close', stop); // many requests may come over one connection
    };
    this.#socket.once('close', stop);
    return stop;
  }

  #mayParse(): boolean {
    if (!PARSED_MODES.has(this.#mode)) return false;
    const isBusy = this.#isParsing || this.#isResting;
    return !isBusy && !this.#socket.destroyed && !isHeldByNode(this.#socket);
  }

  #isFull(): boolean {
    return this.#mode === 'held' && this.#pending.byteLength >= MAX_HELD_BYTES;
  }

  #isUnderWay(req: IncomingMessage): boolean {
    // of a body that is kept aside nothing comes through the stream
    return this.#request === req && !req.complete && !req.readableEnded;
  }
}

/**
 * Node's server stops a connection whose client does not take its answers, and its parser must then
 * be given nothing.
 */
function isHeldByNode(socket: Socket): boolean {
  return Reflect.get(socket, '_paused') === true;
}

/** Takes the place of the listener that Node's server has put on a connection last. */
function takeListener(socket: Socket, event: 'data' | 'end'): (part?: Buffer) => void {
  const listener = socket.listeners(event).at(-1);
  if (listener === undefined) throw new TypeError(`nobody listens for ${event}`);
  socket.off(event, listener as () => void); // as it was given to `on`
  return (part) => listener.call(socket, part);
}
