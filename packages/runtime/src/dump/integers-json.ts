/**
 * The JSON text of a dump. Not by JSON.stringify: it writes the negative zero as 0, and `x + -0` and `x + 0` are not the same
 * number where x is -0; and one string does not hold a large model.
 */
import type { IntegerDump } from './integer-dump.js';

/** Numbers of an array that become one piece of text. */
const pieceLength = 4096;

/**
 * The text in pieces, to be written one after the other (`writeFile` of node:fs/promises takes them as they are); all together
 * they are one JSON object with a line for each node. The negative zero is written -0.0, which every reader of JSON
 * takes for what it is.
 */
export function* integersJson(dump: IntegerDump): Generator<string> {
  const { nodes, ...rest } = dump;
  yield* pieces(rest, '"nodes":[\n');
  for (const [place, node] of nodes.entries()) {
    if (place > 0) yield ',\n';
    yield* pieces(node);
  }
  yield '\n]}\n';
}

/** @param unfinished what stands in place of the object's end: a key more follows. */
function* pieces(value: unknown, unfinished?: string): Generator<string> {
  if (isNumbers(value)) {
    yield '[';
    for (let from = 0; from < value.length; from += pieceLength) {
      const some = value.slice(from, from + pieceLength).map(numberText);
      yield (from > 0 ? ',' : '') + some.join();
    }
    yield ']';
  } else if (typeof value === 'number') {
    yield numberText(value);
  } else if (Array.isArray(value)) {
    yield '[';
    for (const [place, item] of value.entries()) {
      if (place > 0) yield ',';
      yield* pieces(item);
    }
    yield ']';
  } else if (typeof value === 'object' && value !== null) {
    yield '{';
    for (const [place, [key, item]] of Object.entries(value).entries()) {
      if (place > 0) yield ',';
      yield `${JSON.stringify(key)}:`;
      yield* pieces(item);
    }
    yield unfinished === undefined ? '}' : `,${unfinished}`;
  } else {
    yield JSON.stringify(value);
  }
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}
