/**
 * One annotation of PASCAL VOC, an XML file, as numbers with the lines they stand on. Objects' parts (heads, hands, feet in VOC
 * 2012) are not objects; difficult and truncated may be absent; numbers may have fractions, as some of VOC 2012's have.
 */
import { InputError } from '@surge-bnn/contract';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Corners } from './flaws.js';

export interface VocObject {
  readonly name: string;
  /** xmin - 1, ymin - 1, xmax, ymax: from edge to edge, from 0. */
  readonly box: Corners;
  /** xmax <= xmin or ymax <= ymin as written: no size, whatever convention. */
  readonly isFlat: boolean;
  readonly difficult: boolean;
  readonly truncated: boolean;
  /** The line that the object begins on. */
  readonly line: number;
}

export interface VocAnnotation {
  /** As the file says; absent where it does not. */
  readonly size?: { readonly width: number; readonly height: number; readonly line: number };
  readonly objects: readonly VocObject[];
}

/**
 * Reads an annotation.
 *
 * @param where the file, for messages.
 * @throws InputError with file and line for what is no XML or no annotation, and for a number that is none.
 */
export function parseVoc(text: string, where: string): VocAnnotation {
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const { line, msg } = valid.err;
    throw new InputError(`${where}, line ${line}: broken XML: ${msg}`);
  }
  const root = (parser.parse(text) as { readonly annotation?: unknown }).annotation;
  if (root === undefined) {
    throw new InputError(`${where}, line 1: no VOC annotation: its root must be <annotation>`);
  }
  const source = { text, where };
  if (!isElement(root)) return { objects: [] };
  const { size, object = [] } = root;
  return {
    ...(isElement(size) ? sizeOf(size, source) : {}),
    objects: (Array.isArray(object) ? object : [object]).map((one: unknown) =>
      objectOf(one, source),
    ),
  };
}

interface Source {
  readonly text: string;
  readonly where: string;
}

/** An element with elements in it, as the parser gives it. */
type Element = Readonly<Record<string | symbol, unknown>>;

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  captureMetaData: true,
  isArray: (name) => name === 'object',
});

function sizeOf(size: Element, source: Source): Pick<VocAnnotation, 'size'> {
  const line = lineOf(size, source);
  const width = numberIn(size, 'width', source, line);
  const height = numberIn(size, 'height', source, line);
  // Some tools write 0 where they did not know.
  return width > 0 && height > 0 ? { size: { width, height, line } } : {};
}

function objectOf(object: unknown, source: Source): VocObject {
  if (!isElement(object)) {
    const at = source.text.search(/<object\s*\/>|<object>\s*<\/object>/);
    throw new InputError(
      `${source.where}, line ${lineAt(source.text, at)}: an <object> is empty; it needs <name> and <bndbox>`,
    );
  }
  const line = lineOf(object, source);
  const { name, bndbox } = object;
  if (typeof name !== 'string' || name === '') {
    throw new InputError(`${source.where}, line ${line}: an <object> without a <name>`);
  }
  if (!isElement(bndbox)) {
    throw new InputError(`${source.where}, line ${line}: the object "${name}" has no <bndbox>`);
  }
  const at = lineOf(bndbox, source);
  const [xmin, ymin, xmax, ymax] = ['xmin', 'ymin', 'xmax', 'ymax'].map((key) =>
    numberIn(bndbox, key, source, at),
  );
  return {
    name,
    box: [xmin - 1, ymin - 1, xmax, ymax],
    isFlat: xmax <= xmin || ymax <= ymin,
    difficult: flagIn(object, 'difficult', source, line),
    truncated: flagIn(object, 'truncated', source, line),
    line,
  };
}

function numberIn(element: Element, key: string, { where }: Source, line: number): number {
  const text = element[key];
  const value = typeof text === 'string' && text !== '' ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  const got = typeof text === 'string' ? `"${text}"` : text === undefined ? 'nothing' : 'elements';
  throw new InputError(`${where}, line ${line}: <${key}> must be one number, got ${got}`);
}

/** 0 or 1; absent: 0. */
function flagIn(element: Element, key: string, { where }: Source, line: number): boolean {
  const text = element[key];
  if (text === undefined || text === '' || text === '0') return false;
  if (text === '1') return true;
  const got = typeof text === 'string' ? `"${text}"` : 'elements';
  throw new InputError(`${where}, line ${line}: <${key}> must be 0 or 1, got ${got}`);
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The line that an element begins on, counted from 1. */
function lineOf(element: Element, { text }: Source): number {
  for (const key of Object.getOwnPropertySymbols(element)) {
    const place = element[key];
    if (isElement(place) && typeof place.startIndex === 'number') {
      return lineAt(text, place.startIndex);
    }
  }
  return 1;
}

/** The line of a place in a text, counted from 1. */
function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
