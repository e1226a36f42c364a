/** The attributes of a node, read strictly from JSON: what is not known, missing, or out of range is refused. */
import { maxElements, maxRank } from '../format/convention.js';
import { quote } from '../format/json.js';
import type { Window } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';

/** Largest number in a window: far above any picture, and small enough that sizes stay exact. */
const maxWindow = 2 ** 16;
const maxFloat = (2 - 2 ** -23) * 2 ** 127;

/** The attributes of one node; each method reads one and throws a ModelFileError that names it. */
export class AttributeReader {
  private readonly given: ReadonlyMap<string, unknown>;

  /**
   * @param where begins the message: 'node "conv" (conv2d)'.
   * @param allowed the attributes that must be there; no other may.
   */
  constructor(
    given: unknown,
    private readonly where: string,
    allowed: readonly string[],
  ) {
    this.given = entriesOf(given, `${where}: attributes`, allowed);
  }

  /** A count of filters, units, groups. */
  count(name: string): number {
    return this.integer(this.given.get(name), name, 1, maxElements);
  }

  float(name: string): number {
    const value = this.given.get(name);
    if (typeof value === 'number' && Math.abs(value) <= maxFloat) return value;
    throw this.refused(name, value, 'a number of float32');
  }

  /** A number above 0 that is a float32 when it is rounded. */
  factor(name: string): number {
    const value = this.given.get(name);
    if (typeof value === 'number' && value <= maxFloat && Math.fround(value) > 0) return value;
    throw this.refused(name, value, 'a number above 0 of float32');
  }

  oneOf<T extends string | number>(name: string, choices: readonly T[]): T {
    const value = this.given.get(name);
    const choice = choices.find((one) => one === value);
    if (choice !== undefined) return choice;
    throw this.refused(name, value, choices.join(', '));
  }

  shape(name: string): readonly number[] {
    const value = this.given.get(name);
    if (!isList(value) || value.length < 1 || value.length > maxRank) {
      throw this.refused(name, value, `a list of 1 to ${maxRank} sizes`);
    }
    return value.map((size) => this.integer(size, name, 1, maxElements));
  }

  window(name: string): Window {
    const parts = ['size', 'strides', 'dilations', 'pads'];
    const where = `${this.where}: attribute ${name}`;
    const window = entriesOf(this.given.get(name), where, parts);
    const pair = (part: string): [number, number] => {
      const [vertical, horizontal] = this.list(window.get(part), `${name}.${part}`, 2, 1);
      return [vertical, horizontal];
    };
    const [top, left, bottom, right] = this.list(window.get('pads'), `${name}.pads`, 4, 0);
    return {
      size: pair('size'),
      strides: pair('strides'),
      dilations: pair('dilations'),
      pads: [top, left, bottom, right],
    };
  }

  private list(value: unknown, name: string, length: number, least: number): number[] {
    if (!isList(value) || value.length !== length) {
      throw this.refused(name, value, `a list of ${length} integers`);
    }
    return value.map((item) => this.integer(item, name, least, maxWindow));
  }

  private integer(value: unknown, name: string, least: number, most: number): number {
    if (Number.isInteger(value) && typeof value === 'number' && value >= least && value <= most) {
      return value;
    }
    throw this.refused(name, value, `integers from ${least} to ${most}`);
  }

  private refused(name: string, value: unknown, allowed: string): ModelFileError {
    return new ModelFileError(
      `${this.where}: attribute ${name} is ${quote(value)}; allowed: ${allowed}`,
    );
  }
}

/** For an op that has no attributes. */
export function noAttributes(given: unknown, where: string): Readonly<Record<string, never>> {
  entriesOf(given, `${where}: attributes`, []);
  return {};
}

/** The entries of an object that has exactly these keys. */
function entriesOf(
  given: unknown,
  where: string,
  keys: readonly string[],
): ReadonlyMap<string, unknown> {
  const allowed = keys.join(', ') || 'none';
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ModelFileError(`${where}: ${quote(given)} is not an object; its keys: ${allowed}`);
  }
  const entries = new Map<string, unknown>(Object.entries(given));
  for (const key of entries.keys()) {
    if (keys.includes(key)) continue;
    throw new ModelFileError(`${where}: ${quote(key)} is not known; allowed: ${allowed}`);
  }
  for (const key of keys) {
    if (!entries.has(key)) {
      throw new ModelFileError(`${where}: ${quote(key)} is missing; needed: ${allowed}`);
    }
  }
  return entries;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
