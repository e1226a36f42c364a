/**
 * JSON that may come from anybody. JSON.parse alone is not enough: of two equal keys it keeps the last without a word,
 * nesting may break the stack of whoever walks the result, and small text may become many objects; 1e999 becomes an infinity,
 * which cannot be written again. And JSON.stringify
 * turns NaN into null and -0 into 0.
 */
import { ModelFileError } from '../model-file-error.js';
import type { Json, JsonObject } from './model-source.js';

/** Deepest nesting of arrays and objects. */
export const maxJsonDepth = 64;
/** Most arrays, objects and commas together: no more values than twice that. */
export const maxJsonValues = 1_000_000;

/** A name or value for an error message: quoted, nothing in it that a terminal obeys, cut when long. */
export function quote(value: unknown): string {
  const printable = inWords(value).replace(
    /\p{C}/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return printable.length > 100 ? `${printable.slice(0, 100)}...` : printable;
}

function inWords(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

/**
 * The value that a JSON text stands for.
 *
 * @param where begins the message: 'the header', 'metadata "graph"'.
 * @throws ModelFileError for what is not JSON, two equal keys in an object, too deep or too many values, a number that f64 does
 *   not hold.
 */
export function parseJson(text: string, where: string): Json {
  try {
    checkStructure(text, where);
    // What JSON.parse returns is of no type; this is what it can be.
    const value = JSON.parse(text) as Json;
    checkFinite(value, where);
    return value;
  } catch (error) {
    // Also a RangeError of an engine whose parser is recursive.
    throw error instanceof ModelFileError
      ? error
      : new ModelFileError(`${where} is not valid JSON`);
  }
}

/** One pass over the text before anything is built from it. What is not JSON is left to JSON.parse. */
function checkStructure(text: string, where: string): void {
  /** Keys of each open object; of an open array they stay empty. */
  const open: Set<string>[] = [];
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      const from = at;
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
      let next = at + 1;
      while (isSpace(text[next])) next++;
      if (text[next] !== ':') continue;
      const key = String(JSON.parse(text.slice(from, at + 1)));
      const keys = open.at(-1);
      if (keys?.has(key)) {
        throw new ModelFileError(`${where}: the key ${quote(key)} stands twice in one object`);
      }
      keys?.add(key);
    } else if (char === '{' || char === '[') {
      values += 1;
      if (open.push(new Set()) > maxJsonDepth) {
        throw new ModelFileError(`${where}: nested deeper than ${maxJsonDepth} levels`);
      }
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === ',') {
      values += 1;
    }
    if (values > maxJsonValues) {
      throw new ModelFileError(`${where}: more than ${maxJsonValues} values`);
    }
  }
}

/** No deeper than checkStructure allows. */
function checkFinite(value: Json, where: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ModelFileError(`${where} holds a number beyond those of f64; numbers must be finite`);
  }
  if (typeof value !== 'object' || value === null) return;
  const items: readonly Json[] = isList(value) ? value : Object.values(value);
  for (const item of items) checkFinite(item, where);
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

/**
 * JSON text of a value, keys in their order. Reading it gives the value again: -0 stays -0, and what JSON has no word
 * for is refused; a key without a value is left out.
 *
 * @param where begins the message.
 * @throws ModelFileError for NaN, an infinity, what is no JSON value, or deep nesting.
 */
export function writeJson(value: unknown, where: string, depth = 0): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (typeof value !== 'object') {
    throw new ModelFileError(`${where} holds ${quote(value)}, for which JSON has no word`);
  }
  if (depth === maxJsonDepth) {
    throw new ModelFileError(`${where}: nested deeper than ${maxJsonDepth} levels`);
  }
  const inner = (item: unknown) => writeJson(item, where, depth + 1);
  if (Array.isArray(value)) return `[${value.map(inner).join()}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${inner(item)}`).join()}}`;
}

/** Array.isArray does not narrow a readonly array. */
function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

/** The object, if it is one: neither null nor an array. */
export function asObject(value: Json | undefined, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || isList(value)) {
    throw new ModelFileError(`${where} must be an object instead of ${quote(value)}`);
  }
  return value;
}

/** The object, with all of the required keys and none that is not named. */
export function asRecord(
  value: Json | undefined,
  where: string,
  required: readonly string[],
  optional: readonly string[] = [],
): JsonObject {
  const record = asObject(value, where);
  const missing = required.find((key) => !Object.hasOwn(record, key));
  if (missing !== undefined) throw new ModelFileError(`${where} has no ${quote(missing)}`);
  const known = [...required, ...optional];
  const unknown = Object.keys(record).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new ModelFileError(
      `${where} has the unknown key ${quote(unknown)}; allowed: ${known.join(', ')}`,
    );
  }
  return record;
}

export function asList(value: Json | undefined, where: string): readonly Json[] {
  if (typeof value !== 'object' || value === null || !isList(value)) {
    throw new ModelFileError(`${where} must be a list instead of ${quote(value)}`);
  }
  return value;
}

export function asString(value: Json | undefined, where: string): string {
  if (typeof value !== 'string') {
    throw new ModelFileError(`${where} must be text instead of ${quote(value)}`);
  }
  return value;
}

export function asStrings(value: Json | undefined, where: string): readonly string[] {
  return asList(value, where).map((item) => asString(item, where));
}

export function asNumbers(value: Json | undefined, where: string): readonly number[] {
  return asList(value, where).map((item) => {
    if (typeof item !== 'number' || !Number.isFinite(item)) {
      throw new ModelFileError(`${where} must hold finite numbers; found ${quote(item)}`);
    }
    return item;
  });
}
