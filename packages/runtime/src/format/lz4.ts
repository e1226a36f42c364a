/**
 * The LZ4 block format: what stood in a text before is not written again but pointed to. JSON that repeats itself takes a sixth
 * of its size, and reading it back takes a few lines, which docs/format.md specifies. A block is a list of sequences:
 *
 *     token      one byte: literals in the high 4 bits, match - 4 in the low ones; 15 goes on in bytes that are added,
 *                each 255 but the last
 *     literals   so many bytes as they are
 *     offset     2 bytes: how far back the match begins; it may run into itself
 *
 * The last sequence ends behind its literals.
 */
import { ModelFileError } from '../model-file-error.js';

const leastMatch = 4;
/** The format's own rule for writers: a block's last match begins 12 bytes before its end, its last 5 bytes are literals. */
const lastMatch = 12;
const lastLiterals = 5;
const farthest = 2 ** 16 - 1;
/** Earlier places that are tried for a match. */
const mostTries = 256;

/**
 * The bytes that a block stands for.
 *
 * @param most bytes that there may be; nothing is allocated before they are counted.
 * @param what the block is of, for messages.
 * @throws ModelFileError for a block that is damaged or stands for more.
 */
export function readLz4(
  block: Uint8Array,
  most: number,
  what = 'the compressed header',
): Uint8Array {
  const damaged = (why: string) => new ModelFileError(`${what} is no LZ4 block: ${why}`);
  let length = 0;
  walk(block, damaged, (literals, match) => {
    length += literals + match;
    if (length > most) throw damaged(`it stands for more than ${most} bytes`);
  });
  const out = new Uint8Array(length);
  let end = 0;
  walk(block, damaged, (literals, match, from, offset) => {
    out.set(block.subarray(from, from + literals), end);
    end += literals;
    if (match > 0 && (offset === 0 || offset > end)) {
      throw damaged(`a match begins ${offset} bytes before byte ${end}`);
    }
    // A match may run into what it makes: then no more than stands there already goes at once, and twice as much the next time.
    for (let done = 0; done < match;) {
      const size = Math.min(match - done, offset + done);
      out.copyWithin(end + done, end - offset, end - offset + size);
      done += size;
    }
    end += match;
  });
  return out;
}

/** How many bytes of literals and of the match; where the literals stand in the block, how far back the match begins. */
type Sequence = (literals: number, match: number, from: number, offset: number) => void;

/** Calls for each sequence; the last one's match has 0 bytes. */
function walk(block: Uint8Array, damaged: (why: string) => Error, each: Sequence): void {
  let at = 0;
  const byte = (): number => {
    if (at >= block.length) throw damaged('it ends in the middle of a sequence');
    return block[at++];
  };
  const extended = (first: number): number => {
    let size = first;
    for (let more = first === 15 ? 255 : 0; more === 255; size += more) more = byte();
    return size;
  };
  for (;;) {
    const token = byte();
    const literals = extended(token >> 4);
    const from = at;
    at += literals;
    if (at > block.length) throw damaged('it ends in the middle of its literals');
    if (at === block.length) {
      each(literals, 0, from, 0);
      return;
    }
    const offset = byte() + 256 * byte();
    each(literals, leastMatch + extended(token & 15), from, offset);
  }
}

/** A block for these bytes, always the same: at each place the longest match among the latest, of equally long ones the nearest. */
export function writeLz4(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  /** The latest place of each 4 bytes, and for each place the one before it with the same. */
  const latest = new Map<number, number>();
  const before = new Int32Array(bytes.length);
  let literals = 0;
  for (let at = 0; at < bytes.length;) {
    const match =
      at + lastMatch > bytes.length ? undefined : longestMatch(bytes, at, latest, before);
    const end = at + (match?.length ?? 1);
    if (match !== undefined) {
      writeSequence(out, bytes.subarray(literals, at), match);
      literals = end;
    }
    for (; at < end; at++) {
      const key = keyAt(bytes, at);
      before[at] = latest.get(key) ?? -1;
      latest.set(key, at);
    }
  }
  writeSequence(out, bytes.subarray(literals));
  return Uint8Array.from(out);
}

interface Match {
  readonly offset: number;
  readonly length: number;
}

function longestMatch(
  bytes: Uint8Array,
  at: number,
  latest: ReadonlyMap<number, number>,
  before: Int32Array,
): Match | undefined {
  const most = bytes.length - lastLiterals - at;
  let best: Match | undefined;
  let from = latest.get(keyAt(bytes, at)) ?? -1;
  for (let tries = 0; from >= 0 && at - from <= farthest && tries < mostTries; tries++) {
    let length = 0;
    while (length < most && bytes[from + length] === bytes[at + length]) length += 1;
    if (length >= leastMatch && length > (best?.length ?? 0)) best = { offset: at - from, length };
    from = before[from];
  }
  return best;
}

/** The 4 bytes at a place as one number. */
function keyAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function writeSequence(out: number[], literals: Uint8Array, match?: Match): void {
  const rest = match === undefined ? 0 : match.length - leastMatch;
  out.push((Math.min(literals.length, 15) << 4) | Math.min(rest, 15));
  writeRest(out, literals.length);
  for (const byte of literals) out.push(byte);
  if (match === undefined) return;
  out.push(match.offset & 255, match.offset >> 8);
  writeRest(out, rest);
}

/** What of a size does not fit into its 4 bits. */
function writeRest(out: number[], size: number): void {
  if (size < 15) return;
  let rest = size - 15;
  for (; rest >= 255; rest -= 255) out.push(255);
  out.push(rest);
}
