/**
 * The elements of the arrays of a large JSON file, one at a time with their lines. COCO's training annotations are nearly as long as the longest string of
 * V8 (470 MB), most of it outlines that a detector does not need: parsed one by one, they are gone as soon as they are read.
 */
import { InputError } from '@surge-bnn/contract';

export interface JsonElement {
  /** The key of the outermost object, and the place in its array: annotations, 17. */
  readonly key: string;
  readonly index: number;
  readonly value: unknown;
  /** The line that it begins on, counted from 1. */
  readonly line: number;
}

/**
 * Walks an object whose values may be arrays: yields each element of each array; other values are passed over.
 *
 * @param where the file, for messages.
 * @throws InputError with file and line for what is no JSON, or no object.
 */
export function* jsonElements(
  bytes: Uint8Array,
  where: string,
): Generator<JsonElement, void, undefined> {
  const scan = new Scanner(bytes, where);
  scan.expect('{', 'an object');
  if (scan.take('}')) return;
  do {
    const key = scan.value();
    if (typeof key !== 'string') throw scan.broken('a key in quotes is missing');
    scan.expect(':', `":" behind "${key}"`);
    if (!scan.take('[')) scan.skip();
    else if (!scan.take(']')) {
      let index = 0;
      do {
        const line = scan.beginLine();
        yield { key, index: index++, value: scan.value(), line };
      } while (scan.take(','));
      scan.expect(']', `"," or "]" in ${key}`);
    }
  } while (scan.take(','));
  scan.expect('}', '"," or "}"');
  if (!scan.isAtEnd()) throw scan.broken('text behind the end');
}

const [QUOTE, BACKSLASH, NEWLINE] = ['"', '\\', '\n'].map((one) => one.charCodeAt(0));

class Scanner {
  private at = 0;
  private line = 1;
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly bytes: Uint8Array,
    private readonly where: string,
  ) {
    // A byte-order mark.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3;
  }

  isAtEnd(): boolean {
    this.space();
    return this.at >= this.bytes.length;
  }

  /** The line of what comes next. */
  beginLine(): number {
    this.space();
    return this.line;
  }

  /** Goes past the character if it comes next. */
  take(character: string): boolean {
    this.space();
    if (this.bytes[this.at] !== character.charCodeAt(0)) return false;
    this.at++;
    return true;
  }

  expect(character: string, what: string): void {
    if (!this.take(character)) throw this.broken(`${what} is missing`);
  }

  /** The next value, whole. */
  value(): unknown {
    this.space();
    const line = this.line;
    const from = this.at;
    this.skip();
    try {
      return JSON.parse(this.decoder.decode(this.bytes.subarray(from, this.at))) as unknown;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError(`${this.where}, line ${line}: broken JSON: ${reason}`, { cause: error });
    }
  }

  /** Past the next value: to the bracket that closes it, or to what may follow a number or word. */
  skip(): void {
    this.space();
    const { bytes } = this;
    const from = this.at;
    let depth = 0;
    while (this.at < bytes.length) {
      const byte = bytes[this.at];
      if (byte === QUOTE) {
        this.string();
        if (depth === 0) return;
        continue;
      }
      const isOpen = byte === 0x5b || byte === 0x7b; // [ {
      const isClose = byte === 0x5d || byte === 0x7d; // ] }
      const isEnd = isClose || byte === 0x2c || byte === 0x3a || byte <= 0x20; // , : blank
      if (depth === 0 && isEnd) break;
      if (byte === NEWLINE) this.line++;
      this.at++;
      if (isOpen) depth++;
      else if (isClose && --depth === 0) return;
    }
    if (depth > 0 || this.at === from) throw this.broken('a value is missing or does not end');
  }

  broken(what: string): InputError {
    return new InputError(`${this.where}, line ${this.line}: broken JSON: ${what}`);
  }

  private string(): void {
    const { bytes } = this;
    this.at++;
    while (this.at < bytes.length && bytes[this.at] !== QUOTE) {
      this.at += bytes[this.at] === BACKSLASH ? 2 : 1;
    }
    if (this.at >= bytes.length) throw this.broken('a text does not end');
    this.at++;
  }

  private space(): void {
    const { bytes } = this;
    while (this.at < bytes.length && bytes[this.at] <= 0x20) {
      if (bytes[this.at] === NEWLINE) this.line++;
      this.at++;
    }
  }
}
