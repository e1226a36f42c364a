/** A plan's JSON, read strictly: what is not known, missing, or out of range is refused with its place and what is allowed. */
import type { BoxWeights } from '../boxes/decode.js';
import { ModelFileError } from '../model-file-error.js';
import { asNumbers, asRecord, quote } from './json.js';
import type { Json, JsonObject } from './model-source.js';

/** Largest side of a picture, and of an anchor. */
export const mostPixels = 8192;
/** Most maps or levels, sizes or ratios of anchors, bins of a row, samples of a bin. */
export const mostLevels = 64;

/** One object of the plan; each method reads one key, and refuses what is not allowed there. */
export class PlanReader {
  private readonly given: JsonObject;

  constructor(
    given: Json | undefined,
    private readonly where: string,
    keys: readonly string[],
    optional: readonly string[] = [],
  ) {
    this.given = asRecord(given, where, keys, optional);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.given, key);
  }

  value(key: string): Json {
    return this.given[key];
  }

  integer(key: string, least: number, most: number): number {
    const value = this.given[key];
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      // Of two zeros the one that is counted with.
      return value + 0;
    }
    throw this.refused(key, `integers from ${least} to ${most}`);
  }

  number(key: string, least = 0): number {
    const value = this.given[key];
    if (typeof value === 'number' && value >= least) return value + 0;
    const allowed = least === -Infinity ? 'numbers' : `numbers of at least ${least}`;
    throw this.refused(key, allowed);
  }

  flag(key: string): boolean {
    const value = this.given[key];
    if (typeof value === 'boolean') return value;
    throw this.refused(key, 'true, false');
  }

  positives(key: string, least = 1, most = mostLevels): readonly number[] {
    const values = asNumbers(this.given[key], `${this.where}, ${key},`);
    const fits = values.every((value) => value >= 1 / mostPixels && value <= mostPixels);
    if (fits && values.length >= least && values.length <= most) return values;
    const count = least === most ? String(most) : `${least} to ${most}`;
    throw this.refused(key, `${count} numbers from 1 / ${mostPixels} to ${mostPixels}`);
  }

  weights(): BoxWeights {
    const values = asNumbers(this.given.weights, `${this.where}, weights,`);
    const [x, y, width, height] = values;
    const fits = values.every((value) => value >= 1 / mostPixels && value <= mostPixels);
    if (fits && values.length === 4) return [x, y, width, height];
    throw this.refused('weights', `four numbers from 1 / ${mostPixels} to ${mostPixels}`);
  }

  private refused(key: string, allowed: string): ModelFileError {
    return new ModelFileError(
      `${this.where}: ${key} is ${quote(this.given[key])}; allowed: ${allowed}`,
    );
  }
}
