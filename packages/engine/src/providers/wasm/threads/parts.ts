/**
 * Cutting arrays into tasks: so much for each that sharing it costs little, and as many tasks for one thread as for many, since parts
 * decide in which order some sums are made.
 */
import { mostTasks } from './control.js';
import type { Argument } from './team.js';

/** Floats of an array in one task: some microseconds at memory speed. */
export const GRAIN = 16 * 1024;

/** Equal parts of a count, the last one shorter. */
export interface Parts {
  readonly tasks: number;
  /** Entries in each. */
  readonly grain: number;
  /** How many entries a task has. */
  readonly count: Argument;
  /** The address of a task's first entry, where an entry takes `bytes`; 0 stays 0, "none". */
  from(address: number, bytes?: number): Argument;
}

/** @param grain entries of a part, more where there would be too many parts. */
export function partsOf(count: number, grain = GRAIN): Parts {
  const least = Math.max(1, Math.ceil(count / mostTasks));
  const size = Math.ceil(least / grain) * grain;
  return {
    tasks: Math.ceil(count / size),
    grain: size,
    count: { left: count, grain: size },
    from: (address, bytes = 4) => (address === 0 ? 0 : { at: address, task: bytes * size }),
  };
}

/**
 * Parts of `rows` rows of `columns` floats: whole rows, about GRAIN floats.
 *
 * @param most parts at most, where each leaves something to be added up.
 */
export function partsOfRows(rows: number, columns: number, most = mostTasks): Parts {
  const grain = Math.max(Math.round(GRAIN / Math.max(1, columns)), Math.ceil(rows / most));
  return partsOf(rows, Math.max(1, grain));
}
