/**
 * Lines and cells of a TSV file as GLUE has them: UTF-8, a tab between cells, no quoting. A quotation mark is a character of its sentence: half of
 * them stand alone, and a CSV reader would swallow lines until the next one.
 */
import { InputError } from '@surge-bnn/contract';

export interface TsvLine {
  /** From 1, as editors count. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface TsvFile {
  readonly lines: readonly TsvLine[];
  /** Lines with nothing in them, which are no rows. */
  readonly empty: number;
  /** Does the last line end as the others do? Not in every published file. */
  readonly ended: boolean;
}

/**
 * Decodes and splits. A byte-order mark goes, as do carriage returns at the ends of lines.
 *
 * @param file for messages.
 * @throws InputError with the line, for bytes that are no UTF-8 and for NUL characters.
 */
export function readTsv(bytes: Uint8Array, file: string): TsvFile {
  const text = decode(bytes, file);
  const lines: TsvLine[] = [];
  let empty = 0;
  const ended = text.endsWith('\n');
  const all = text.split('\n');
  if (all.at(-1) === '') all.pop();
  all.forEach((raw, i) => {
    const content = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (content.includes('\0')) {
      throw new InputError(
        `${file}, line ${i + 1}: a NUL character: this is no text in UTF-8 (UTF-16?)`,
      );
    }
    if (content === '') empty++;
    else lines.push({ line: i + 1, cells: content.split('\t') });
  });
  return { lines, empty, ended };
}

function decode(bytes: Uint8Array, file: string): string {
  const isWide =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isWide) throw new InputError(`${file} is text in UTF-16; convert it to UTF-8`);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    throw new InputError(
      `${file}, line ${brokenLine(bytes)}: bytes that are no UTF-8 (another encoding, or damaged); convert it to UTF-8`,
    );
  }
}

/** The first line that cannot be decoded. No character of several bytes has a line feed's byte in it. */
function brokenLine(bytes: Uint8Array): number {
  let from = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(0x0a, from);
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(
        bytes.subarray(from, end < 0 ? undefined : end),
      );
    } catch {
      return line;
    }
    if (end < 0) return line;
    from = end + 1;
  }
}
