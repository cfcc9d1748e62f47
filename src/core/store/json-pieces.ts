/** Told of the outline of a JSON text while it arrives. */
export interface PieceSink {
  /** A container opens; `depth` counts it. */
  open(depth: number): void;
  /** It closes; `depth` still counts it. */
  close(depth: number): void;
  /** A key of an object that is open at `depth`. */
  key(depth: number, name: string): void;
  /** A string that is a value at `depth`. */
  text(depth: number, value: string): void;
  /** A whole value below the outline. */
  piece(value: unknown): void;
}

/** A JSON text that is taken apart while it arrives. */
export interface JsonPieces {
  /** @throws SyntaxError when it is no JSON, or not of a size and depth to be taken apart */
  add(chunk: Buffer): void;
  /** @throws SyntaxError when the text is not whole */
  end(): void;
}

/** More than any metric of a push can have. */
const MAX_PIECE_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Takes a JSON text apart without ever holding more of it than one piece. Containers below
 * `outline` are pieces, parsed whole; above it only strings are looked at. It is not a validator:
 * what is wrong between pieces need not be found.
 */
export function createJsonPieces(outline: number, sink: PieceSink): JsonPieces {
  return new Pieces(outline, sink);
}

class Pieces implements JsonPieces {
  readonly #outline: number;
  readonly #sink: PieceSink;
  /** Whether the next string is a key, for each open container; undefined in arrays. */
  readonly #keys: (boolean | undefined)[] = [];
  #isInString = false;
  #isEscaped = false;
  #hasBegun = false;
  /** Where the string or piece that is being read begins in the chunk; -1 when there is none. */
  #from = -1;
  #isPiece = false;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(outline: number, sink: PieceSink) {
    this.#outline = outline;
    this.#sink = sink;
  }

  add(chunk: Buffer): void {
    if (this.#from !== -1) this.#from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#isInString) this.#readInside(chunk, at);
      else this.#readOutside(chunk, at);
    }
    if (this.#from === -1) return;
    this.#held.push(Buffer.from(chunk.subarray(this.#from)));
    this.#heldBytes += chunk.length - this.#from;
    if (this.#heldBytes > MAX_PIECE_BYTES)
      throw new SyntaxError('a piece of the JSON is too large');
  }

  end(): void {
    if (!this.#hasBegun || this.#keys.length > 0 || this.#isInString) {
      throw new SyntaxError('the JSON is not whole');
    }
  }

  #readInside(chunk: Buffer, at: number): void {
    const byte = chunk[at];
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#endString(chunk, at);
  }

  #readOutside(chunk: Buffer, at: number): void {
    const byte = chunk[at];
    switch (byte) {
      case QUOTE:
        this.#isInString = true;
        if (!this.#isPiece) this.#from = at;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#open(byte, at);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.#close(chunk, at);
        break;
      case COLON:
      case COMMA: {
        const last = this.#keys.length - 1;
        if (this.#keys[last] !== undefined) this.#keys[last] = byte === COMMA;
      }
    }
  }

  #open(byte: number, at: number): void {
    this.#keys.push(byte === OPEN_OBJECT ? true : undefined);
    this.#hasBegun = true;
    const depth = this.#keys.length;
    if (depth > MAX_DEPTH) throw new SyntaxError('the JSON is too deep');
    if (this.#isPiece) return;
    if (depth > this.#outline) {
      this.#isPiece = true;
      this.#from = at;
    } else {
      this.#sink.open(depth);
    }
  }

  #close(chunk: Buffer, at: number): void {
    const depth = this.#keys.length;
    if (depth === 0) throw new SyntaxError('the JSON closes what is not open');
    this.#keys.pop();
    if (!this.#isPiece) {
      this.#sink.close(depth);
    } else if (depth === this.#outline + 1) {
      this.#isPiece = false;
      this.#sink.piece(this.#take(chunk, at + 1));
    }
  }

  #endString(chunk: Buffer, at: number): void {
    this.#isInString = false;
    if (this.#isPiece) return;
    const text = String(this.#take(chunk, at + 1));
    const depth = this.#keys.length;
    if (this.#keys[depth - 1] === true) this.#sink.key(depth, text);
    else this.#sink.text(depth, text);
  }

  #take(chunk: Buffer, to: number): unknown {
    const last = chunk.subarray(this.#from, to);
    const whole = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#from = -1;
    this.#held = [];
    this.#heldBytes = 0;
    return JSON.parse(whole.toString('utf8'));
  }
}
